"""Tables: one source per datum."""
