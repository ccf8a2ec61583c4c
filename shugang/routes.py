"""Addresses of one first part (`desk/…`) put behind one door: Django tries them one after the other, and there are hundreds.

What an address leads to stays the same. Patterns are grouped only where none of their neighbours begins with a variable, so that
two groups never match the same path and their order does not matter.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.urls import URLPattern, URLResolver, include, path
from django.urls.resolvers import RoutePattern

Routes = list[URLPattern | URLResolver]


def grouped(patterns: Sequence[URLPattern | URLResolver]) -> Routes:
    """The same addresses, those that share their first part behind one `include`, and so on below."""
    if any(
        not isinstance(p, URLPattern) or not isinstance(p.pattern, RoutePattern) or _route(p).startswith("<")
        for p in patterns
    ):
        return list(patterns)
    doors: dict[str, list[URLPattern]] = {}
    for pattern in patterns:
        assert isinstance(pattern, URLPattern)
        first, slash, _ = _route(pattern).partition("/")
        doors.setdefault(first + slash, []).append(pattern)
    found: Routes = []
    for first, members in doors.items():
        if len(members) == 1 or not first.endswith("/") or "<" in first:
            found += members
        else:
            found.append(path(first, include(grouped([_below(first, p) for p in members]))))
    return found


def _route(pattern: URLPattern) -> str:
    return str(pattern.pattern)


def _below(first: str, pattern: URLPattern) -> URLPattern:
    """The same pattern without its first part."""
    return path(_route(pattern).removeprefix(first), pattern.callback, pattern.default_args, pattern.name)
