"""The kinds of service as the rule profile states them. Pure: works on a profile's `data`, without Django."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shugang.policy.text import Text

RESULTS: dict[str, tuple[Text, str]] = {
    "favourable": (Text("符合，无保留", "Favourable, without reservation"), "ok"),
    "qualified": (Text("符合，有保留", "Favourable, with reservations"), "warn"),
    "adverse": (Text("不符合", "Adverse"), "bad"),
    "disclaimed": (Text("不能得出结论", "No conclusion possible"), "off"),
}
LEVELS: dict[str, Text] = {
    "low": Text("低风险", "Low risk"),
    "medium": Text("中风险", "Medium risk"),
    "high": Text("高风险", "High risk"),
}
PEOPLE = ("all", "acting")


@dataclass(frozen=True)
class Rotation:
    """At most `most` orders in a row of one client (`per` client) or on one object (`per` object)."""

    most: int
    per: str


@dataclass(frozen=True)
class ServiceKind:
    """One of the kinds: what the agency must hold, which report it gives, and who may not give it.

    `people`: "all", nobody of the agency may belong to client or holder; "acting", only who acts. `after`: kinds of
    service by which an agency has worked on the same object and so may not judge it. `asks`: what the conclusion
    must state besides its result (score, amount, level).
    """

    code: str
    label: Text
    about: Text
    qualification: Text
    report: Text
    people: str
    after: tuple[str, ...]
    rotation: Rotation | None
    four_eyes: bool
    validity_months: int
    asks: tuple[str, ...]

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> ServiceKind:
        """Raises KeyError or ValueError where the profile is not one."""
        turn = row["rotation"]
        if row["conflict"]["people"] not in PEOPLE or (turn and turn["per"] not in ("client", "object")):
            raise ValueError(f"kind {row['code']}: unknown conflict or rotation rule")
        return cls(
            row["code"],
            Text(row["zh"], row["en"]),
            Text(**row["about"]),
            Text(**row["qualification"]),
            Text(**row["report"]),
            row["conflict"]["people"],
            tuple(row["conflict"]["after"]),
            Rotation(int(turn["most"]), turn["per"]) if turn else None,
            bool(row["four_eyes"]),
            int(row["validity_months"]),
            tuple(row["asks"]),
        )


def shipped_labels() -> dict[str, Text]:
    """Every kind that any shipped version of the profile knows, options included: words for forms and old records."""
    found: dict[str, Text] = {}
    for path in sorted((Path(__file__).parents[1] / "profiles").glob("thirdparty-*.json")):
        data = json.loads(path.read_text(encoding="utf-8"))["data"]
        found |= {row["code"]: Text(row["zh"], row["en"]) for row in [*data["kinds"], *data["options"].values()]}
    return found


def read_kinds(data: Mapping[str, Any]) -> dict[str, ServiceKind]:
    """The kinds of a profile by code, in its order: the plan's eleven, then the options that are switched on."""
    rows = [*data["kinds"], *(data["options"][code] for code in data["enabled_options"])]
    return {row["code"]: ServiceKind.read(row) for row in rows}
