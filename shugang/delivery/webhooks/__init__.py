"""Webhooks: what concerns a party, pushed to its own program and signed (Standard Webhooks)."""
