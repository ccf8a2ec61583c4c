"""Vocabulary of terms, money, working days, compiled grants and their lowering to SQL: pure Python, no
Django."""
