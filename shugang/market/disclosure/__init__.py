"""Disclosure (信息披露): what was traded in aggregate, and the platform's rules with their notice periods."""
