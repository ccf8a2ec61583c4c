"""Uploaded files become immutable Parquet versions; what is broken or not what it says is refused."""
