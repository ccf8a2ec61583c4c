"""Price guidance: warnings, published pricing models and estimates, fees of public data, contribution splits."""
