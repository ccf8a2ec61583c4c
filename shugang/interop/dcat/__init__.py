"""DCAT-AP 3, schema.org and sitemaps."""
