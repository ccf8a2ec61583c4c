"""Tables: sharing between departments, opening to the public."""
