"""采信: certificates from elsewhere, checked once and relied on here without a second review."""
