"""Charge agreements, rating, bills, the ledger, split instructions, reconciliation (清结算)."""
