"""Doors of public data: crosscheck."""

from __future__ import annotations

import json
from typing import Any

from shugang.publicdata.crosscheck.testing import document

from ..base import OPEN, OWN, Door, api, both, post, read

RUN = "/desk/crosscheck/runs/<check_run:done>"


def _document(things: object) -> dict[str, Any]:
    return document("<dataset:streets_a>", "<dataset:streets_b>")


def _form(things: object) -> dict[str, str]:
    return {"name": "示例校核二", "document": json.dumps(_document(things))}


DOORS: tuple[Door, ...] = (
    read("/desk/crosscheck", "minzheng", OWN),
    *both("/desk/crosscheck/new", "minzheng", _form),
    read("/desk/crosscheck/<check:streets>", "minzheng"),
    post("/desk/crosscheck/<check:streets>/run", "minzheng"),
    read(RUN, "minzheng"),
    read("/desk/crosscheck/runs/<check_run:waiting>", "minzheng"),
    read(f"{RUN}.csv", "minzheng"),
    read(f"{RUN}/0", "minzheng"),
    post("/desk/crosscheck/runs/<check_run:waiting>/stop", "minzheng"),
    api("GET", "/crosschecks/kinds", "", reach=OPEN),
    api("GET", "/crosschecks", "minzheng", reach=OWN),
    api("POST", "/crosschecks", "minzheng", lambda things: {"name": "示例校核三", "document": _document(things)}),
    api("GET", "/crosschecks/<check:streets>", "minzheng"),
    api("POST", "/crosschecks/<check:streets>/runs", "minzheng"),
    api("GET", "/crosscheck-runs/<check_run:done>", "minzheng"),
    api("GET", "/crosscheck-runs/<check_run:done>/lines", "minzheng"),
    api("POST", "/crosscheck-runs/<check_run:waiting>/stop", "minzheng"),
)
