"""Notices: what happened or waits, told to the people whom it concerns, in the platform and by e-mail."""
