"""What the values of a column look like, counted in three queries over a sample of the whole table.

The first query measures lengths and signs, which is cheap; the second runs only the checks that a column of those lengths can
pass, the third the dear ones where nothing explained the column yet. Values are compared in capitals, without blanks and
middle dots, for people write them in many ways.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import duckdb

from shugang.assets.grading.detection.kinds import COMPOUND_SURNAMES, GIVEN, SURNAMES, VALUES
from shugang.policy.checks import CHECKS
from shugang.policy.lowering import quote

SEED = 20261126
SHAPED = 1_000  # rows that the commonest shape is taken from
_SKIPPED = ("BOOLEAN", "BLOB", "BIT", "INTERVAL", "STRUCT", "MAP", "UNION", "TIME WITH", "TIME_")
_NUMBERS = ("DOUBLE", "FLOAT", "DECIMAL", "REAL")


@dataclass
class Seen:
    """Counts over the sample of one column: `rows`, `filled`, lengths, and the signals that were looked for."""

    rows: int
    filled: int
    counts: dict[str, int] = field(default_factory=dict)

    def share(self, signal: str) -> float:
        """Of the filled values."""
        return self.counts.get(signal, 0) / self.filled if self.filled else 0.0


def _list(items: Sequence[str]) -> str:
    return ", ".join("'" + item.replace("'", "''") + "'" for item in items)


def _full(pattern: str) -> Callable[[str], str]:
    return lambda x: f"regexp_full_match({x}, '{pattern}')"


def _part(pattern: str) -> Callable[[str], str]:
    return lambda x: f"regexp_matches({x}, '{pattern}')"


def _embedded_identity(x: str) -> str:
    found = f"regexp_extract({x}, '(?:^|[^0-9A-Z])([1-9][0-9]{{16}}[0-9X])(?:[^0-9A-Z]|$)', 1)"
    return f"CASE WHEN regexp_matches({x}, '[0-9]{{17}}') THEN {CHECKS['identity_number'].sql(found)} END"


_HOUSE = "(?:室|栋|幢|单元|组|户|弄|楼)"
# First query: signs and lengths.
SHAPE: dict[str, Callable[[str], str]] = {
    "short_han": lambda x: f"strlen({x}) > length({x}) AND length({x}) BETWEEN 2 AND 4",
    "han": lambda x: f"strlen({x}) > length({x})",
    "numeric": lambda x: f"{x} >= '(' AND {x} < ':'",
    "long": lambda x: f"length({x}) > 11",
    "over7": lambda x: f"length({x}) > 7",
    "over18": lambda x: f"length({x}) > 18",
    "len10_17": lambda x: f"length({x}) BETWEEN 10 AND 17",
    "len13_21": lambda x: f"length({x}) BETWEEN 13 AND 21",
    "len18": lambda x: f"length({x}) = 18",
    "len17": lambda x: f"length({x}) = 17",
    "len7_8": lambda x: f"length({x}) BETWEEN 7 AND 8",
    "hexlen": lambda x: f"length({x}) IN (32, 40, 64, 96, 128)",
    "small": lambda x: f"length({x}) <= 3",
    "at": lambda x: f"strpos({x}, '@') > 0",
    "colon": lambda x: f"strpos({x}, ':') > 0 OR strpos({x}, '-') > 0",
    "dot": lambda x: f"strpos({x}, '.') > 0",
    "star": lambda x: f"strpos({x}, '*') > 0",
}
Gate = Callable[[Seen], bool]


def _some(*signals: str, share: float = 0.02) -> Gate:
    return lambda seen: all(seen.share(signal) >= share for signal in signals)


def _mostly(signal: str, unlike: str = "") -> Gate:
    return lambda seen: seen.share(signal) >= 0.5 and not (unlike and seen.share(unlike) >= 0.5)


# Second query: signal → (when it is worth looking, the expression).
CLOSER: dict[str, tuple[Gate, Callable[[str], str]]] = {
    "identity_number": (_some("len18"), CHECKS["identity_number"].sql),
    "mobile": (_some("len10_17", "numeric"), _full(r"(?:\+?86-?)?1[3-9][0-9]-?[0-9]{4}-?[0-9]{4}")),
    "landline": (_some("len10_17", "numeric"), CHECKS["landline"].sql),
    "card_digits": (_some("len13_21", "numeric"), _full("[0-9]{13,21}")),
    "plate": (_some("len7_8", "han"), CHECKS["plate"].sql),
    "email": (_some("at"), CHECKS["email"].sql),
    "ipv4": (_some("dot"), CHECKS["ipv4"].sql),
    "ipv6": (_some("colon"), CHECKS["ipv6"].sql),
    "mac": (_some("colon"), CHECKS["mac"].sql),
    "hash": (_some("hexlen"), _full("(?:[0-9A-F]{32}|[0-9A-F]{40}|[0-9A-F]{64}|[0-9A-F]{96}|[0-9A-F]{128})")),
    "person_name": (
        _some("short_han", share=0.2),
        _full(f"(?:[{SURNAMES}][一-鿿]{{1,2}}|(?:{'|'.join(COMPOUND_SURNAMES)})[一-鿿]{{1,2}})"),
    ),
    "address": (
        _some("han", "over7"),
        _part(f"(?:省|市|区|县|镇|乡|州).*(?:路|街|巷|道|号|村|弄|里).*[0-9一二三四五六七八九十]+.*(?:号|{_HOUSE})"),
    ),
    "embedded_mobile": (_some("long", "han"), _part("(?:^|[^0-9A-Z])1[3-9][0-9]{9}(?:[^0-9A-Z]|$)")),
    "point": (_some("dot"), _full(r"-?[0-9]{1,3}\.[0-9]{4,}")),
    "gender": (_mostly("small"), lambda x: f"{x} IN ({_list(VALUES['gender'])})"),
    "ethnicity": (_mostly("han", "over7"), lambda x: f"rtrim({x}, '族') IN ({_list(VALUES['ethnicity'])})"),
    "blood_type": (_mostly("small"), lambda x: f"{x} IN ({_list(VALUES['blood_type'])})"),
    "education": (_mostly("han", "over7"), lambda x: f"{x} IN ({_list(VALUES['education'])})"),
    "age": (_mostly("small", "han"), lambda x: f"TRY_CAST({x} AS DOUBLE) BETWEEN 0 AND 120"),
    "young": (_mostly("small", "han"), lambda x: f"TRY_CAST({x} AS DOUBLE) BETWEEN 0 AND 13"),
}
# Third query: dear checks, for columns that nothing explains so far.
DEAREST: dict[str, tuple[Gate, Callable[[str], str]]] = {
    "credit_code": (_some("len18"), CHECKS["credit_code"].sql),
    "vin": (_some("len17"), CHECKS["vin"].sql),
    "bank_card": (_some("card_digits"), CHECKS["bank_card"].sql),
    "given": (_some("person_name", share=0.8), _full(f"[{SURNAMES}][{GIVEN}]{{1,2}}")),
    "three_han": (_some("person_name", share=0.8), lambda x: f"length({x}) = 3"),
    "house": (_some("address", share=0.5), _part(f"[0-9一二三四五六七八九十]+{_HOUSE}")),
    "embedded_identity": (_some("over18", "han"), _embedded_identity),
}
_EXPLAINED = ("identity_number", "mobile", "email", "ipv4", "hash")
# Lists of words that say something only under a header that asks for them.
_ASKED_FOR = {"gender": "gender", "ethnicity": "ethnicity", "blood_type": "blood_type", "age": "age", "young": "age"}
_BORN = "TRY_CAST(left(regexp_replace({0}, '[^0-9]', '', 'g') || '0101', 8) AS INTEGER)"
_SPREAD: Callable[[str], str] = lambda x: f"max(TRY_CAST({x} AS HUGEINT)) - min(TRY_CAST({x} AS HUGEINT))"  # noqa: E731


class Sample:
    """A sample of a relation in a temporary table, dropped at the end."""

    def __init__(self, con: duckdb.DuckDBPyConnection, relation: str, columns: Sequence[str], rows: int) -> None:
        self.con, self.columns = con, tuple(columns)
        names = ", ".join(map(quote, columns))
        self.table = f"detection_sample_{id(self)}"
        kinds = [str(row[1]).upper() for row in con.execute(f"DESCRIBE SELECT {names} FROM {relation}").fetchall()]  # noqa: S608
        self.read = [
            place
            for place, kind in enumerate(kinds)
            if not kind.startswith(_SKIPPED) and "[" not in kind and kind != "TIME"
        ]
        cells = [f"{_normal(quote(columns[place]), kinds[place])} AS x{place}" for place in self.read] or [
            "1 AS nothing"
        ]
        con.execute(
            f"CREATE TEMP TABLE {self.table} AS SELECT {', '.join(cells)} FROM "  # noqa: S608
            f"(SELECT {names} FROM {relation} USING SAMPLE reservoir({rows:d} ROWS) REPEATABLE ({SEED}))"
        )

    def __enter__(self) -> Sample:
        return self

    def __exit__(self, *_: object) -> None:
        self.con.execute(f"DROP TABLE {self.table}")

    def look(self, hints: Sequence[Collection[str]], eldest: date) -> list[Seen]:
        """What is counted of each column, in their order; a column of a type without text has nothing filled. `hints`
        are the kinds that each header names. Among identity numbers and dates of birth, people born after `eldest` are
        counted as `child`."""
        filled = [(place, "filled", f"count(x{place})") for place in self.read]
        shapes = [(place, name, _count(sql(f"x{place}"))) for place in self.read for name, sql in SHAPE.items()]
        spread = [(place, "spread", _SPREAD(f"x{place}")) for place in self.read]
        total, first = self._ask([*filled, *shapes])
        seen = [Seen(total, first.get((place, "filled"), 0)) for place in range(len(self.columns))]
        for (place, name), value in first.items():
            seen[place].counts[name] = value
        closer = self._wanted(CLOSER, seen, hints)
        after = f"{eldest:%Y%m%d}"
        for place in self.read:
            if seen[place].share("len18") > 0.02:
                closer.append(
                    (
                        place,
                        "child",
                        _count(f"{CHECKS['identity_number'].sql(f'x{place}')} AND x{place}[7:14] > '{after}'"),
                    )
                )
            elif "birth_date" in hints[place] and seen[place].filled:
                born = _BORN.format(f"x{place}")
                closer.append((place, "born", _count(f"{born} BETWEEN 18000101 AND 20991231")))
                closer.append((place, "child", _count(f"{born} BETWEEN {int(after) + 1} AND 20991231")))
        closer += [item for item in spread if seen[item[0]].share("len10_17") > 0.5]
        for (place, name), value in self._ask(closer)[1].items():
            seen[place].counts[name] = value
        for (place, name), value in self._ask(self._wanted(DEAREST, seen, hints, _EXPLAINED))[1].items():
            seen[place].counts[name] = value
        return seen

    def _wanted(
        self,
        signals: Mapping[str, tuple[Gate, Callable[[str], str]]],
        seen: Sequence[Seen],
        hints: Sequence[Collection[str]],
        explained: Sequence[str] = (),
    ) -> list[tuple[int, str, str]]:
        open_to_question = [
            place for place in self.read if seen[place].filled and not _explains(seen[place], explained)
        ]
        return [
            (place, name, _count(sql(f"x{place}")))
            for place in open_to_question
            for name, (gate, sql) in signals.items()
            if gate(seen[place]) and _ASKED_FOR.get(name, "") in ("", *hints[place])
        ]

    def shapes(self, places: Sequence[int]) -> dict[int, str]:
        """The commonest shape of some columns: a digit as 9, a letter as A, a Chinese character
        as 汉, so that no value shows."""
        readable = [place for place in places if place in self.read]
        form = "left(x{0}, 40)"
        for signs, sign in ((r"\p{{Han}}", "□"), (r"\p{{L}}", "A"), (r"\p{{N}}", "9"), ("□", "汉")):
            form = f"regexp_replace({form}, '{signs}', '{sign}', 'g')"
        return self._answers([f"mode({form.format(place)})" for place in readable], readable)

    def _answers(self, items: list[str], places: list[int]) -> dict[int, str]:
        if not items:
            return {}
        row = self.con.execute(f"SELECT {', '.join(items)} FROM (FROM {self.table} LIMIT {SHAPED})").fetchone()  # noqa: S608
        return {place: value for place, value in zip(places, row or (), strict=True) if value}

    def _ask(self, items: list[tuple[int, str, str]]) -> tuple[int, dict[tuple[int, str], int]]:
        asked = ", ".join(["count(*)", *(sql for _, _, sql in items)])
        row = self.con.execute(f"SELECT {asked} FROM {self.table}").fetchone()  # noqa: S608
        assert row is not None
        found = {(place, name): int(value or 0) for (place, name, _), value in zip(items, row[1:], strict=True)}
        return int(row[0]), found


def _explains(seen: Seen, signals: Sequence[str]) -> bool:
    return any(seen.share(signal) >= 0.9 for signal in signals)


def _normal(column: str, kind: str) -> str:
    text = f"CAST({column} AS VARCHAR)"
    if kind in ("VARCHAR", "STRING"):
        for sign in (" ", "·"):
            text = f"CASE WHEN contains({text}, '{sign}') THEN replace({text}, '{sign}', '') ELSE {text} END"
        text = f"upper({text})"
    elif kind.startswith(_NUMBERS):
        # Whole numbers that were read as fractions keep no “.0”.
        text = f"regexp_replace({text}, '\\.0+$', '')"
    return f"nullif({text}, '')"


def _count(condition: str) -> str:
    return f"count(*) FILTER (WHERE {condition})"
