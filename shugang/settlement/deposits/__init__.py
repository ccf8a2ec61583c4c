"""Deposits (保证金): money that a party sets aside with the custodian for something it wants to take part in."""
