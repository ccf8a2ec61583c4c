"""No tables: a trace is read from the record."""
