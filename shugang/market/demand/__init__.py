"""Demand posts, and invitations to quote: what buyers look for, and how suppliers answer."""
