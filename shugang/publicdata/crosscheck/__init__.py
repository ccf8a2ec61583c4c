"""多源校核: cross-checking several sources."""
