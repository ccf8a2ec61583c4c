"""The same graph as Turtle: what `describing` makes and no more, so this needs no RDF library."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_NAME = re.compile(r"[a-z]+:[A-Za-z]+")
# RDF 1.1 Turtle 6.4: what an IRI may not hold as it is.
_BAD = re.compile(r'[\x00-\x20<>"{}|^`\\]')
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def iri(address: str) -> str:
    return f"<{_BAD.sub(lambda found: f'%{ord(found[0]):02X}', address)}>"


def text(value: str) -> str:
    escaped = "".join(_ESCAPES.get(c) or (f"\\u{ord(c):04X}" if ord(c) < 0x20 or ord(c) == 0x7F else c) for c in value)
    return f'"{escaped}"'


def _value(value: Any) -> str:
    if isinstance(value, dict):
        if "@id" in value:
            return iri(value["@id"])
        shown = text(value["@value"])
        if "@language" in value:
            return f"{shown}@{value['@language']}"
        return f"{shown}^^{_name(value['@type'])}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else text(value)


def _name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no prefixed name")
    return name


def write(document: dict[str, Any]) -> Iterator[str]:
    """Turtle of a document of `Graph`, node by node."""
    for prefix, address in document["@context"].items():
        yield f"@prefix {prefix}: {iri(address)} .\n"
    for node in document["@graph"]:
        lines = [f"a {_name(node['@type'])}"]
        for name, values in node.items():
            if not name.startswith("@"):
                objects = values if isinstance(values, list) else [values]
                lines.append(f"{_name(name)} " + ", ".join(map(_value, objects)))
        yield f"\n{iri(node['@id'])} " + " ;\n  ".join(lines) + " .\n"
