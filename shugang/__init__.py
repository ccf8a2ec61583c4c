"""Shugang (数港): a data market for a city."""

__version__ = "0.1.0"
