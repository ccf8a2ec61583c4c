"""Tables: the one catalogue: resources, information items, versions, change feed, coverage, life-event bundles."""
