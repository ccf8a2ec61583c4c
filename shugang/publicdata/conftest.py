"""The wing's tests know the rule profiles."""

from shugang.parties.conftest import fresh_cache, rules

__all__ = ["fresh_cache", "rules"]
