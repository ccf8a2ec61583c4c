"""Statements of deletion: what a buyer owes when use has ended."""
