"""Grants and keys: who may use which data how, until when, on which basis."""
