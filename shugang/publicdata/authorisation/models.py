"""Tables: authorised operation."""
