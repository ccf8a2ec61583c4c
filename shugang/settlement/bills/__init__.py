"""Bills: numbered without gaps, confirmed by the buyer, corrected only by credit notes (账单)."""
