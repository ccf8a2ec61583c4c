"""Acceptance of what a contract delivers: delivery confirmed, inspected, accepted or objected to."""
