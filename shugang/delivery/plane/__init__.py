"""The data plane: its own process, standing on policy and evidence alone (no Django, no control database)."""
