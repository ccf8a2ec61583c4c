"""Benchmarks: each prints a table with its baseline beside it, measured in the same run."""
