"""The public register: everybody searches certificates, reads what was revoked, and counts."""
