"""Do these terms make sense for that table? Checked before anyone may publish or sign them."""

import ipaddress
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from shugang.policy.codec import TermsError
from shugang.policy.columns import Column, as_columns
from shugang.policy.guarantees import check_mode
from shugang.policy.mask_catalogue import CATALOGUE
from shugang.policy.text import Text
from shugang.policy.vocabulary import MAX_MARKED, Mask, RowFilter, Scalar, Terms

# Which families of columns a mask understands; on any other it would not hide what it says.
MASK_FAMILIES: dict[str, tuple[str, ...]] = {name: function.families for name, function in CATALOGUE.items()}


def validate(terms: Terms, columns: Iterable[Column | Mapping[str, Any]], mode: str | None = None) -> None:
    """Raises `TermsError` (or `UnknownTerm`) at the first term that cannot hold over `columns`, in `mode`."""
    Terms.from_json(terms.to_json())
    known = {column.name: column for column in as_columns(columns)}
    # Engines match names without regard to case: two that differ by case alone could stand for each other.
    _distinct([name.casefold() for name in known], "columns")
    _actions(terms)
    if terms.valid_from >= terms.valid_until:
        raise TermsError(
            "empty_period",
            Text("截止时间应晚于起始时间。", "The end must be later than the start."),
            "valid_until",
        )
    if not terms.fields:
        raise TermsError("no_fields", Text("请至少授权一个字段。", "Please grant at least one column."), "fields")
    _distinct(terms.fields, "fields")
    for name in terms.fields:
        _column(name, known, "fields")
    for row in terms.rows:
        _row(row, _column(row.column, known, "rows"))
    _distinct([mask.column for mask in terms.masks], "masks")
    for mask in terms.masks:
        _mask(mask, _column(mask.column, known, "masks"), terms)
    _distinct([(quota.unit, quota.per, quota.counts) for quota in terms.quotas], "quotas")
    _networks(terms)
    _distinct(terms.notify, "notify")
    if terms.mark is not None:
        _mark(terms, known)
    if mode is not None:
        check_mode(terms, mode)


def _actions(terms: Terms) -> None:
    if not terms.actions:
        raise TermsError("no_actions", Text("请至少授权一项操作。", "Please grant at least one action."), "actions")
    _distinct(terms.actions, "actions")
    if ("redistribute" in terms.actions) != terms.redistribute:
        text = Text("“转授”操作与“可否转授”须一致。", "The action redistribute and the term redistribute must agree.")
        raise TermsError("contradiction", text, "redistribute")


def _distinct(items: Iterable[object], field: str) -> None:
    seen: set[object] = set()
    for item in items:
        if item in seen:
            raise TermsError("repeated", Text("同一项出现了两次。", "The same item appears twice."), field)
        seen.add(item)


def _column(name: str, known: Mapping[str, Column], field: str) -> Column:
    if name not in known:
        text = Text(f"数据中没有字段“{name}”。", f"The data has no column “{name}”.")
        raise TermsError("no_such_column", text, field)
    return known[name]


def _mask(mask: Mask, column: Column, terms: Terms) -> None:
    if column.name not in terms.fields:
        text = Text(
            f"字段“{column.name}”未授权，无需脱敏。",
            f"Column “{column.name}” is not granted; it needs no mask.",
        )
        raise TermsError("mask_without_field", text, "masks")
    if column.family not in MASK_FAMILIES[mask.function]:
        text = Text(
            f"该脱敏方式不适用于字段“{column.name}”的类型 {column.type}。",
            f"This mask does not fit column “{column.name}” of type {column.type}.",
        )
        raise TermsError("mask_misfit", text, "masks")


def _networks(terms: Terms) -> None:
    _distinct(terms.networks, "networks")
    for network in terms.networks:
        try:
            exact = str(ipaddress.ip_network(network)) == network
        except ValueError:
            exact = False
        if not exact:
            text = Text(
                f"“{network}”不是规范的网段，请写作 203.0.113.0/24 这样的形式。",
                f"“{network}” is not a network in its usual form; please write it like 203.0.113.0/24.",
            )
            raise TermsError("bad_network", text, "networks")


def _mark(terms: Terms, known: Mapping[str, Column]) -> None:
    """The mark is found again by the key and lives in low digits: both have to leave as they are."""
    mark = terms.mark
    assert mark is not None
    carriers = {marked.column: marked for marked in mark.columns}
    _distinct([*mark.key_columns, *(marked.column for marked in mark.columns)], "mark")
    masked = {mask.column for mask in terms.masks}
    for name in (*mark.key_columns, *carriers):
        column = _column(name, known, "mark")
        fits = name in mark.key_columns or _carries(column, carriers[name].decimals)
        if name not in terms.fields or name in masked or not fits:
            text = Text(
                f"字段“{name}”不能用于溯源标记：须已授权、未脱敏，承载标记的须为有该位小数的数值。",
                f"Column “{name}” cannot serve the mark: it must be granted and unmasked, and a number with such a digit "
                "to carry the mark.",
            )
            raise TermsError("mark_misfit", text, "mark")
    if not mark.key_columns or not (mark.columns or mark.canaries):
        text = Text(
            "溯源标记需要主键字段，以及承载标记的数值字段或诱饵行。",
            "A mark needs key columns, and numeric columns or canary rows to carry it.",
        )
        raise TermsError("mark_misfit", text, "mark")
    if len(mark.columns) > MAX_MARKED:
        text = Text(f"承载溯源标记的字段最多 {MAX_MARKED} 个。", f"At most {MAX_MARKED} columns can carry the mark.")
        raise TermsError("mark_misfit", text, "mark")
    if mark.canaries and (len(mark.key_columns) > 1 or known[mark.key_columns[0]].family not in ("text", "whole")):
        text = Text(
            "诱饵行只能用于单一主键，且主键须为文本或整数。",
            "Canary rows need a single key column of text or whole numbers.",
        )
        raise TermsError("mark_misfit", text, "mark")


def _carries(column: Column, decimals: int) -> bool:
    if column.family == "whole":
        return decimals == 0
    scale = _SCALE.search(column.type)
    return column.family == "fraction" and (scale is None or decimals <= int(scale[1]))


_SCALE = re.compile(r",\s*([0-9]+)\s*\)")


def _row(row: RowFilter, column: Column) -> None:
    if row.op == "not_null":
        return
    values = row.value if isinstance(row.value, tuple) else (row.value,)
    orders = row.op in ("ge", "gt", "le", "lt")
    fits = bool(values) and all(value is not None and fits_family(value, column.family) for value in values)
    if not fits or (orders and column.family == "flag"):
        text = Text(
            f"条件的取值与字段“{column.name}”的类型 {column.type} 不符。",
            f"The condition's value does not fit column “{column.name}” of type {column.type}.",
        )
        raise TermsError("filter_misfit", text, "rows")


def fits_family(value: Scalar, family: str) -> bool:
    """Whether a filter's value can be compared with a column of that family without any guessing."""
    if family == "flag" or isinstance(value, bool):
        return family == "flag" and isinstance(value, bool)
    if family == "text":
        return isinstance(value, str)
    if family == "whole":
        return isinstance(value, int)
    if family == "fraction":
        return isinstance(value, int) or bool(_DECIMAL.fullmatch(value))
    if family in ("date", "time") and isinstance(value, str):
        return _is_moment(value, family)
    return False


_DECIMAL = re.compile(r"-?[0-9]{1,18}(\.[0-9]{1,9})?")  # what DECIMAL(38, 9) holds without rounding
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{3}|\.[0-9]{6})?")


def _is_moment(text: str, family: str) -> bool:
    """Dates as 2026-01-31; times of the column's own clock as 2026-01-31T08:00:00, without a zone."""
    if not (_DATE if family == "date" else _TIME).fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True
