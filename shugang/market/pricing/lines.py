"""Factors and examples as people type them, one a line, and back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .formula import FormulaError

KEYS = ("name", "label", "label_en", "unit", "low", "high", "source")


def factors(text: str) -> list[dict[str, str]]:
    """Raises FormulaError `bad_factor` with the number of the line."""
    found = []
    for place, line in enumerate(filter(str.strip, text.splitlines()), 1):
        parts = [part.strip() for part in line.replace("｜", "|").split("|")]
        if len(parts) != len(KEYS):
            raise FormulaError("bad_factor", f"因素第{place}行应有{len(KEYS)}项，用“|”分开。",
                               f"Line {place} of the factors needs {len(KEYS)} parts separated by “|”.")  # fmt: skip
        found.append(dict(zip(KEYS, parts, strict=True)))
    return found


def examples(text: str) -> list[dict[str, Any]]:
    """Raises FormulaError `bad_example` with the number of the line."""
    found = []
    for place, line in enumerate(filter(str.strip, text.splitlines()), 1):
        left, arrow, result = line.partition("=>")
        pairs = [pair.partition("=") for pair in left.replace("，", ",").split(",") if pair.strip()]
        if not arrow or not all(sep for _, sep, _ in pairs):
            raise FormulaError("bad_example", f"算例第{place}行应写成“代号=取值, … => 结果”。",
                               f"Line {place} of the examples reads “code=value, … => result”.")  # fmt: skip
        found.append({"inputs": {k.strip(): v.strip() for k, _, v in pairs}, "result": result.strip()})
    return found


def factors_text(rows: Sequence[Mapping[str, str]]) -> str:
    return "\n".join(" | ".join(row[key] for key in KEYS) for row in rows)


def examples_text(rows: Sequence[Mapping[str, Any]]) -> str:
    return "\n".join(f"{', '.join(f'{k}={v}' for k, v in row['inputs'].items())} => {row['result']}" for row in rows)
