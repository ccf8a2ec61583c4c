"""Tables: cross-checking several sources."""
