"""One plane served by many worker processes on one or more machines, over one journal in PostgreSQL."""
