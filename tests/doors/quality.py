"""Doors of quality assessment."""

from __future__ import annotations

import json
from typing import Any

from .base import OPEN, OWN, Door, api, both, post, read

RULES = {"rules": [{"kind": "filled", "columns": "*"}]}
WRITTEN = {"name": "示例新规则", "document": json.dumps(RULES), "save": "1"}


def _by_another(client: Any) -> None:
    """Who ordered an assessment does not sign it: as if a colleague had ordered it."""
    from shugang.assets.quality.models import Assessment
    from shugang.parties.accounts.models import Person

    Assessment.objects.update(person=Person.objects.get(username="pinggu"))


def _idle(client: Any) -> None:
    """The same assessment is not ordered twice at a time."""
    from shugang.assets.quality.models import Assessment

    Assessment.objects.filter(state="waiting").update(state="stopped")


PAGES: tuple[Door, ...] = (
    read("/desk/quality", "gongfang", OWN),
    read("/desk/quality?state=done", "gongfang", OWN),
    *both("/desk/quality/new/<dataset:air>", "gongfang", WRITTEN),
    read("/desk/quality/rules/<rules:live>", "gongfang", readers=("jianguan",)),
    read("/desk/quality/rules/<rules:draft>", "gongfang", readers=("jianguan",)),
    *both("/desk/quality/rules/<rules:draft>/edit", "gongfang", WRITTEN),
    post("/desk/quality/rules/<rules:draft>/publish", "gongfang"),
    post("/desk/quality/rules/<rules:live>/retire", "gongfang"),
    post("/desk/quality/rules/<rules:live>/assess", "gongfang", prepare=_idle),
    read("/desk/quality/<assessment:done>", "gongfang", readers=("jianguan",)),
    read("/desk/quality/<assessment:waiting>", "gongfang", readers=("jianguan",)),
    read("/desk/quality/<assessment:done>.json", "gongfang", readers=("jianguan",)),
    read("/desk/quality/<assessment:done>.pdf", "gongfang", readers=("jianguan",)),
    post("/desk/quality/<assessment:waiting>/stop", "gongfang"),
    post("/desk/quality/<assessment:done>/confirm", "gongfang", prepare=_by_another),
)
API: tuple[Door, ...] = (
    api("GET", "/quality/kinds", "", reach=OPEN),
    api("GET", "/quality/rules", "gongfang", reach=OWN),
    api("GET", "/quality/rules/<rules:live>", "gongfang", readers=("jianguan",)),
    api("POST", "/quality/rules", "gongfang", {"dataset": "<dataset:air>", "name": "示例接口规则", "document": RULES}),
    api("PUT", "/quality/rules/<rules:draft>", "gongfang", {"name": "示例改名", "document": RULES}),
    api("POST", "/quality/rules/<rules:draft>/publish", "gongfang"),
    api("POST", "/quality/rules/<rules:live>/retire", "gongfang"),
    api("POST", "/quality/suggestions/<dataset:air>", "gongfang", unchanged=True),
    api("GET", "/quality/assessments", "gongfang", reach=OWN),
    api("GET", "/quality/assessments/<assessment:done>", "gongfang", readers=("jianguan",)),
    api("POST", "/quality/assessments", "gongfang", {"rules": "<rules:live>"}, prepare=_idle),
    api("POST", "/quality/assessments/<assessment:waiting>/stop", "gongfang"),
    api("POST", "/quality/assessments/<assessment:done>/confirm", "gongfang", prepare=_by_another),
)
DOORS = (*PAGES, *API)
