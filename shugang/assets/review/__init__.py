"""Security review (安全审查) of a version of data, before it is listed and before its operation is authorised."""
