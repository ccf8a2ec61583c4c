"""Addresses without variables, remembered: a page asks for two dozen of them, and none changes while the process lives."""

from __future__ import annotations

from functools import lru_cache

from django.core.signals import setting_changed
from django.urls import get_script_prefix, get_urlconf, reverse


@lru_cache(maxsize=2048)
def _known(name: str, prefix: str, urlconf: str | None) -> str:
    return reverse(name, urlconf=urlconf)


def of(name: str) -> str:
    """The address of a page by its name. Raises NoReverseMatch."""
    return _known(name, get_script_prefix(), get_urlconf())


def _forget(*, setting: str, **_: object) -> None:
    """A test that changes the addresses sees its own."""
    if setting == "ROOT_URLCONF":
        _known.cache_clear()


setting_changed.connect(_forget)
