"""Data products: what a supplier offers, for which terms and price."""
