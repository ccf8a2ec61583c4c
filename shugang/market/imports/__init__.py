"""Many products at once from a spreadsheet."""
