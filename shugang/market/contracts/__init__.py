"""Contracts: the frozen text, both signatures, and what follows from them."""
