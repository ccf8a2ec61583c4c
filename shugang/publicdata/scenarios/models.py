"""Tables: scenarios; one approval for one class."""
