"""The plan as people write it, read into what is enforced."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from shugang.kernel.models import RuleProfile

from ..catalogue.models import PublicResource
from ..granting import require_published, split_names, wrong
from .caps import UNITS, cap_plan
from .forms import CRITERIA


def products(text: str) -> list[dict[str, Any]]:
    """名称｜上限单价（元）｜单位, one a line. Raises Refusal `invalid_form` with the line that does not fit."""
    found = []
    for number, line in enumerate((x for x in text.splitlines() if x.strip()), start=1):
        parts = [p.strip() for p in re.split(r"[|｜]", line)]
        cap = cap_plan(parts[1], parts[2]) if len(parts) == 3 and parts[0] else None
        if cap is None:
            raise wrong("products", f"第{number}行应为“名称｜上限单价（元）｜计价单位”。单位写{UNITS.zh}。",
                        f"Line {number} should read “name | highest price in CNY | unit”. Unit: {UNITS.en}.")  # fmt: skip
        found.append({"name": parts[0][:80], "unit": parts[2][:20], "cap": cap.to_json()})
    if not found or len({p["name"] for p in found}) < len(found):
        raise wrong("products", "请至少列一项产品，名称不重复。", "List at least one product, each name once.")
    return found


def resources(text: str) -> list[PublicResource]:
    """The published resources named. Raises Refusal."""
    numbers = split_names(text.replace(" ", "\n"))
    rows = {
        r.number: r for r in PublicResource.objects.select_related("department", "dataset").filter(number__in=numbers)
    }
    strange = [n for n in numbers if n not in rows]
    if strange or not numbers or len(numbers) > 50:
        raise wrong("resources", f"没有目录“{strange[0][:40] if strange else ''}”，请填写1至50个目录编号。",
                    f"There is no resource “{strange[0][:40] if strange else ''}”; name 1 to 50 of them.")  # fmt: skip
    found = [rows[n] for n in numbers]
    for row in found:
        require_published(row)
    return found


def years(data: Mapping[str, Any], rules: RuleProfile | None) -> int:
    most = int(rules.data["most_years"]) if rules else 5
    if int(data["years"]) > most:
        raise wrong("years", f"授权运营期限最长{most}年。", f"The term is {most} years at most.")
    return int(data["years"])


def points(given: Mapping[str, Any]) -> dict[str, int]:
    """One bid's points. Raises Refusal `invalid_form`."""
    found = {}
    for code, label, most in CRITERIA:
        text = str(given.get(code, ""))
        if not re.fullmatch(r"\d{1,3}", text) or int(text) > most:
            raise wrong(
                "scores", f"“{label.zh}”应为0至{most}的整数。", f"“{label.en}” takes a whole number from 0 to {most}."
            )
        found[code] = int(text)
    return found
