"""Interop: the catalogue in the words of others, CKAN and DCAT."""
