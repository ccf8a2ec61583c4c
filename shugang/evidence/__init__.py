"""The evidence log: what happened, provable to an outsider. Pure Python, no Django. See README.md."""
