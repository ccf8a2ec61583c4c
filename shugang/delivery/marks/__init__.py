"""Marks of recipients: the secret behind them, and who leaked a file."""
