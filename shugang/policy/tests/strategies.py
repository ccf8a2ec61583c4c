"""Generated terms, grants and rows."""

from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from shugang.policy.columns import Column
from shugang.policy.grant import Basis, CompiledGrant, Credential
from shugang.policy.mask_catalogue import ALPHABETS
from shugang.policy.purposes import PURPOSES
from shugang.policy.sources import ApiSource
from shugang.policy.terms import Mark, Mask, Quota, Rate, RowFilter, Terms
from shugang.policy.vocabulary import COUNTS, DATE_UNITS, ENVIRONMENTS, NOTICES, PERIODS

COLUMNS = (
    Column("phone", "string", "联系电话"),
    Column("age", "long"),
    Column("fee", "decimal(12,2)"),
    Column("born", "date"),
    Column("seen_at", "timestamp_ntz"),
    Column("member", "boolean"),
    Column('odd "name"', "string"),
)
FAMILY = {column.name: column.family for column in COLUMNS}
KEY = "0123456789abcdef" * 4
KEYS = {"k1": KEY}
START = datetime(2026, 1, 1, tzinfo=UTC)
WORDS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
TIMES = st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31), timezones=st.just(UTC))

VALUES = {
    "text": WORDS,
    "whole": st.integers(-(2**53) + 1, 2**53 - 1),
    "fraction": st.integers(-(10**9), 10**9).map(lambda n: f"{n / 100:.2f}"),
    "date": st.dates().map(str),
    "time": st.datetimes().map(lambda moment: moment.isoformat(timespec="microseconds")),
    "flag": st.booleans(),
}
MASKS_OF = {
    "text": ("keep_ends", "redact", "sha256_token", "sm3_token", "ff1"),
    "whole": ("keep_ends", "redact", "sha256_token", "sm3_token", "ff1", "band"),
    "fraction": ("redact", "band"),
    "date": ("redact", "truncate_date"),
    "time": ("redact", "truncate_date"),
    "flag": ("redact",),
}


@st.composite
def filters(draw: st.DrawFn) -> RowFilter:
    column = draw(st.sampled_from(COLUMNS))
    flag = column.family == "flag"
    op = draw(st.sampled_from(["eq", "ne", "in", "not_null"] + ([] if flag else ["ge", "gt", "le", "lt"])))
    if op == "not_null":
        return RowFilter(column.name, op)
    values = VALUES[column.family]
    return RowFilter(column.name, op, draw(st.lists(values, min_size=1, max_size=3) if op == "in" else values))


@st.composite
def masks(draw: st.DrawFn, column: str) -> Mask:
    function = draw(st.sampled_from(MASKS_OF[FAMILY[column]]))
    small = st.integers(0, 6)
    args = {
        "keep_ends": st.fixed_dictionaries({"prefix": small, "suffix": small}),
        "redact": st.just({}),
        "band": st.fixed_dictionaries({"width": st.integers(2, 10**12)}),
        "truncate_date": st.fixed_dictionaries({"unit": st.sampled_from(DATE_UNITS)}),
        "sha256_token": st.just({"key_id": "k1"}),
        "sm3_token": st.just({"key_id": "k1"}),
        "ff1": st.fixed_dictionaries({"key_id": st.just("k1"), "alphabet": st.sampled_from(sorted(ALPHABETS))}),
    }[function]
    return Mask(column, function, draw(args))


@st.composite
def terms(draw: st.DrawFn, units: tuple[str, ...] = ("calls", "rows", "bytes"), marks: bool = False) -> Terms:
    names = draw(st.lists(st.sampled_from([c.name for c in COLUMNS]), min_size=1, unique=True))
    masked = draw(st.lists(st.sampled_from(names), unique=True))
    keyed = FAMILY[names[0]] in ("text", "whole") and names[0] not in masked
    redistribute = draw(st.booleans())
    start = draw(TIMES)
    quotas = st.builds(
        Quota,
        st.sampled_from(units),
        st.integers(1, 2**53 - 1),
        st.sampled_from(PERIODS),
        st.sampled_from(COUNTS),
    )
    return Terms(
        actions=("read", "compute") + (("redistribute",) if redistribute else ()),
        purpose=draw(st.sampled_from(sorted(PURPOSES))),
        fields=names,
        rows=draw(st.lists(filters(), max_size=3)),
        masks=[draw(masks(name)) for name in masked],
        quotas=draw(st.lists(quotas, max_size=3, unique_by=lambda q: (q.unit, q.per, q.counts))),
        rate=draw(st.none() | st.builds(Rate, st.integers(1, 1000), st.integers(1, 1000))),
        valid_from=start,
        valid_until=start + timedelta(seconds=draw(st.integers(1, 10**8))),
        networks=draw(st.lists(st.sampled_from(["192.0.2.0/24", "2001:db8::/32"]), unique=True)),
        mark=draw(st.none() | st.just(Mark(names[:1], (), 3))) if marks and keyed else None,
        environment=draw(st.none() | st.sampled_from(ENVIRONMENTS)),
        redistribute=redistribute,
        keep_log=draw(st.booleans()),
        notify=draw(st.lists(st.sampled_from(NOTICES), unique=True)),
        delete_after_days=draw(st.none() | st.integers(0, 3650)),
        attribution=draw(WORDS),
        notes=draw(WORDS),
    )


def plain_terms(**changes: object) -> Terms:
    given: dict = {
        "actions": ("read",),
        "purpose": "contact_verification",
        "fields": ("phone", "age"),
        "valid_from": START,
        "valid_until": START + timedelta(days=365),
    }
    return Terms(**{**given, **changes})


def plain_grant(**changes: object) -> CompiledGrant:
    given: dict = {
        "id": "G-1",
        "party": "P-9",
        "product": "contacts",
        "mode": "api",
        "state": "active",
        "reason": "",
        "terms": plain_terms(),
        "bases": (Basis("contract", "HT-2026-0001", "ab" * 32, START + timedelta(days=300)),),
        "source": ApiSource("contacts", 1, "contacts/1.parquet", "cd" * 32, "phone", COLUMNS),
        "outcomes": {"found": True, "not_found": False},
        "credentials": (Credential("C-1", "api_key", "ef" * 32, "U-3", "contact_verification"),),
    }
    return CompiledGrant(**{**given, **changes})
