"""Journals of planes folded into usage records, each use once."""
