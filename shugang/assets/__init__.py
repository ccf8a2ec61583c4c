"""Data assets: their registration, the certificates that prove it, and their public verification."""
