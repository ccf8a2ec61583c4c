"""Suppliers who answer a public demand uninvited (主动应答)."""
