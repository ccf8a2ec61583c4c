"""Public data: one catalogue, one source for one datum, checked against each other, used by decision and with a trace."""
