"""What the custodian reports and is told to do: receipts, split instructions, refunds (收付与分账指令)."""
