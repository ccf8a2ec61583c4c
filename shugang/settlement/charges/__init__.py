"""What was agreed to be charged: the price plan frozen at signature (计费约定)."""
