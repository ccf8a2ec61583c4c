"""Governed SQL: a buyer's query is read, checked, and written anew; his own text never runs."""

from shugang.policy.governed.plan import Granted, Plan, check, table_names
from shugang.policy.governed.reading import NotAllowed

__all__ = ["Granted", "NotAllowed", "Plan", "check", "table_names"]
