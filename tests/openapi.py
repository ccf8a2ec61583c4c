"""Requests made from an OpenAPI document by schemathesis: such as it describes, and such as break it."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode

MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    """(method, path, operation) of every operation."""
    for found in schemathesis.openapi.from_dict(document).get_all_operations():
        operation = found.ok()
        yield operation.method.upper(), operation.path, operation


def each(operation: Any, examples: int, number: int, send: Callable[[Case, random.Random], None]) -> None:
    """`send` for `examples` requests of the operation; the same ones whenever `number` is the same."""
    cases = st.one_of([operation.as_strategy(generation_mode=mode) for mode in MODES])

    @seed(number)
    @settings(max_examples=examples, database=None, deadline=None, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(case=cases, chance=st.randoms(use_true_random=False))
    def play(case: Case, chance: random.Random) -> None:
        send(case, chance)

    play()


def body(case: Case) -> tuple[bytes, str]:
    """What is sent, and as what."""
    if case.media_type is None or isinstance(case.body, schemathesis.core.NotSet):
        return b"", "application/json"
    if isinstance(case.body, bytes):
        return case.body, case.media_type
    if case.media_type == "application/json":
        return json.dumps(case.body).encode("utf-8", "surrogatepass"), case.media_type
    return str(case.body).encode("utf-8", "surrogatepass"), case.media_type


def query(case: Case) -> dict[str, Any]:
    """Values as an address can hold them."""
    return {str(name): _plain(value) for name, value in (case.query or {}).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    text = value if isinstance(value, str) else json.dumps(value)
    return text.encode("utf-8", "replace").decode()
