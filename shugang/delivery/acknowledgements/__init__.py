"""What buyers say they received, signed by them (签收)."""
