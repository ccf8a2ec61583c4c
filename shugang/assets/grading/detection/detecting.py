"""`detect`: headers, a sample, the rules, and the evidence in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

import duckdb

from shugang.assets.grading.detection import headers
from shugang.assets.grading.detection.deciding import Verdict, decide, in_context
from shugang.assets.grading.detection.kinds import KINDS, VERSION
from shugang.assets.grading.detection.signals import Sample, Seen
from shugang.policy.text import Text
from shugang.policy.vocabulary import CHINA

MINOR_AGE = 14  # 个人信息保护法 第二十八条: under fourteen everything is sensitive
_MINOR_KINDS = {"age", "birth_date", "identity_number"}


@dataclass(frozen=True)
class Finding:
    """A column that holds `kind`: its class after GB/T 35273 annex A (empty for organisations' numbers), whether it is
    sensitive, a level to begin with, how sure this is (0 to 1), and what it rests on, in words without any value."""

    column: str
    kind: str
    pi_class: str
    sensitive: bool
    suggested_level: int
    confidence: float
    evidence: tuple[Text, ...]


def detect(
    con: duckdb.DuckDBPyConnection,
    relation: str,
    columns: Sequence[str],
    sample_rows: int = 10_000,
    on: date | None = None,
) -> list[Finding]:
    """The columns of `relation` (our own SQL, as for `lower_select`) that hold personal information or identifiers.

    A reservoir of `sample_rows` rows is looked at; `on` is the day on which ages are counted, today in China by default.
    Raises `ValueError` for no rows, `duckdb.Error` for a relation that cannot be read.
    """
    if sample_rows < 1:
        raise ValueError("sample_rows must be at least 1")
    if not columns:
        return []
    read = {place: headers.read(name) for place, name in enumerate(columns)}
    hints = [header.hits for header in read.values()]
    with Sample(con, relation, columns, sample_rows) as sample:
        seen = dict(enumerate(sample.look(hints, _fourteen_years_before(on or datetime.now(CHINA).date()))))
        first = {place: verdict for place, header in read.items() if (verdict := decide(header, seen[place]))}
        verdicts = in_context(first, read, seen)
        shapes = sample.shapes(sorted(verdicts))
    return [_finding(columns[place], verdicts[place], seen[place], shapes.get(place)) for place in sorted(verdicts)]


def _fourteen_years_before(day: date) -> date:
    year = day.year - MINOR_AGE
    return date(year, 2, 28) if (day.month, day.day) == (2, 29) else day.replace(year=year)


def _finding(column: str, verdict: Verdict, seen: Seen, shape: str | None) -> Finding:
    kind = KINDS[verdict.kind]
    young = seen.counts.get("young" if verdict.kind == "age" else "child", 0) if verdict.kind in _MINOR_KINDS else 0
    evidence = [*_of_header(verdict), *_of_values(verdict, seen)]
    if young:
        evidence.append(
            Text(
                f"其中 {young} 个属于不满 {MINOR_AGE} 周岁的人，按敏感个人信息处理。",
                f"{young} of them are of people under {MINOR_AGE}, whose data is sensitive.",
            )
        )
    if shape:
        evidence.append(Text(f"最常见的形状：{shape}", f"Commonest shape: {shape}"))
    sensitive = kind.sensitive or young > 0
    level = max(kind.level, 4) if sensitive else kind.level
    return Finding(column, kind.name, kind.pi_class, sensitive, level, verdict.confidence, tuple(evidence))


def _of_header(verdict: Verdict) -> list[Text]:
    if not verdict.strength:
        return [Text("字段名没有说明，只依据取值判断。", "The header does not tell; this rests on the values alone.")]
    title = KINDS[verdict.kind].title
    if verdict.kind == "deidentified":
        return [
            Text(
                f"字段名指向个人信息（词典 {VERSION}），取值已经散列或遮盖。",
                f"The header names personal information (dictionary {VERSION}); the values are hashed or masked.",
            )
        ]
    return [
        Text(f"字段名符合词典 {VERSION} 中的“{title.zh}”。", f"Dictionary {VERSION} knows the header for “{title.en}”.")
    ]


def _of_values(verdict: Verdict, seen: Seen) -> list[Text]:
    if not seen.filled:
        return [
            Text(
                f"抽样 {seen.rows} 行，没有取值，只依据字段名。",
                f"{seen.rows} rows sampled, no value; the header alone.",
            )
        ]
    if verdict.share is None:
        return [
            Text(
                f"抽样 {seen.rows} 行，{seen.filled} 个非空；这一类没有可以校验的格式。",
                f"{seen.rows} rows sampled, {seen.filled} filled; this kind has no form to check.",
            )
        ]
    count, share = round(verdict.share * seen.filled), f"{100 * min(verdict.share, 1.0):.1f}"
    how = Text("文字中含有", "carry it inside a text") if verdict.embedded else Text("符合", "agree")
    return [
        Text(
            f"抽样 {seen.rows} 行，{seen.filled} 个非空，其中 {count} 个（{share}%）{how.zh}。",
            f"{seen.rows} rows sampled, {seen.filled} filled, {count} of them ({share}%) {how.en}.",
        )
    ]
