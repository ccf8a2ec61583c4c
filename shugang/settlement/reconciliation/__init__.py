"""Usage, bills, ledger and bank statement compared; a difference is shown, never smoothed (对账)."""
