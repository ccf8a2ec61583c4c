"""Listing: the compliance opinion of a third party, and the decision to put a product on the market."""
