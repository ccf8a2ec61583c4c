"""授权运营: authorised operation."""
