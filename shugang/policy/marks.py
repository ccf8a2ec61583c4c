"""Marks of the recipient in delivered numbers, and the statistics that find him again.

Embedding (after Agrawal and Kiernan, VLDB 2002; one code per recipient as Li, Swarup and Jajodia, TDSC 2005): a keyed
mixer of the row's key selects one row in `ONE_IN`; in it, a digest under the secret chooses a position of the
recipient's code, a mask bit and a direction, and the digit is moved by one where its parity does not say
`code bit XOR mask bit`. No other row is touched, and the digest is computed for selected rows alone.

Tracing: the parities of a leaked file give, for each position, a sum of votes; a recipient's score is the correlation
of his code with them. Codes are independent of everything in the file unless the file came from their owner, so that
for whoever did not leak, by Hoeffding's inequality, P(z >= t) <= exp(-t²/2), whatever was done to the file; over n
recipients the chance of naming anybody wrongly is at most n·exp(-t²/2).

Known limits: rounding that removes the digit and removal of the key remove the mark (canary rows are for that).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, sqrt

from shugang.policy.columns import Column
from shugang.policy.lowering import Params, quote
from shugang.policy.vocabulary import Mark, MarkedColumn

ONE_IN = 20
POSITIONS = 1024
DIGEST = "~digest"
# Chance of naming anybody wrongly that is accepted, and the distance to the first who is not named.
FALSE_ACCUSATION = 1e-6
GAP = 1.0
Votes = Mapping[int, Sequence[tuple[int, int, int]]]


@dataclass(frozen=True)
class MarkKey:
    """`secret`: 32 bytes of the data set; `recipient`: whose code is put in (a grant's number)."""

    secret: bytes
    recipient: str

    def __repr__(self) -> str:
        return f"MarkKey({self.recipient})"


def code_of(key: MarkKey, place: int) -> str:
    """The recipient's code for the `place`-th marked column: `POSITIONS` characters 0 or 1."""
    label = f"code\x1f{place}\x1f{key.recipient}".encode()
    stream = b"".join(hmac.digest(key.secret, label + i.to_bytes(4, "big"), "sha256") for i in range(POSITIONS // 256))
    return "".join(f"{byte:08b}" for byte in stream)


def mark_sql(inner: str, columns: Iterable[Column], mark: Mark, key: MarkKey, taken: Params) -> tuple[str, Params]:
    """The governed SELECT `inner` with the mark put in, same columns in the same order and of the same types (DuckDB).

    `columns` are those of `inner` with DuckDB's own types; parameters are added to `taken` under names of our own.
    """
    known = {column.name: column for column in columns}
    if not mark.columns:
        return inner, taken
    params: Params = {**taken, "mark_salt": _salt(key.secret)}
    places = {marked.column: place for place, marked in enumerate(mark.columns)}
    for place in places.values():
        params[f"mark_code_{place}"] = code_of(key, place)
    outputs = [
        f"{_moved(known[name], mark.columns[places[name]], places[name])} AS {quote(name)}"
        if name in places
        else quote(name)
        for name in known
    ]
    digested = _digested(f"({inner}) AS unmarked", known, mark, key.secret)
    return f"SELECT {', '.join(outputs)} FROM {digested}", params  # noqa: S608 names are quoted


def votes_sql(relation: str, columns: Iterable[Column], mark: Mark, secret: bytes) -> tuple[str, Params]:
    """(place of the column, position, votes for 1 less votes for 0, votes) of a leaked table `relation` (our own SQL).

    A value that is no number, or a key that is empty, votes for nothing.
    """
    known = {column.name: column for column in columns}
    digested = _digested(f"{relation} AS leaked", known, mark, secret)
    parts = []
    for place, marked in enumerate(mark.columns):
        column = known.get(marked.column)
        if column is None:
            continue
        parity = f"({_scaled(quote(column.name), column, marked)} % 2 + 2) % 2"
        vote = f"CASE WHEN xor({parity}, {_mask_bit(place)}) = 1 THEN 1 ELSE -1 END"
        parts.append(
            f"SELECT {place} AS place, {_position(place)} AS position, {vote} AS vote FROM digested"  # noqa: S608
            f" WHERE {parity} IS NOT NULL AND {quote(DIGEST)} IS NOT NULL"
        )
    if not parts:
        return "SELECT 0, 0, 0, 0 WHERE FALSE", {}
    return (
        f"WITH digested AS (SELECT * FROM {digested}), cast_votes AS ({' UNION ALL '.join(parts)})"  # noqa: S608
        " SELECT place, position, sum(vote)::BIGINT, count(*) FROM cast_votes GROUP BY ALL ORDER BY ALL",
        {"mark_salt": _salt(secret)},
    )


@dataclass(frozen=True)
class Suspect:
    """`z` in standard deviations; `bound` the chance that any of the compared recipients reaches it by accident."""

    recipient: str
    z: float
    bound: float


def suspects(
    votes: Iterable[tuple[int, int, int, int]], secret: bytes, recipients: Iterable[str], compared: int = 0
) -> list[Suspect]:
    """All recipients, the most suspicious first. `votes` as `votes_sql` gives them; `compared` says over how many
    recipients in all the file is compared, where these are not all."""
    weights = [(place, position, total / sqrt(count)) for place, position, total, count in votes if count]
    norm = sqrt(sum(weight * weight for _, _, weight in weights))
    names = list(recipients)
    found = []
    for name in names:
        codes: dict[int, str] = {}
        score = 0.0
        for place, position, weight in weights:
            code = codes.get(place)
            if code is None:
                code = codes[place] = code_of(MarkKey(secret, name), place)
            score += weight if code[position] == "1" else -weight
        z = score / norm if norm else 0.0
        found.append(Suspect(name, z, min(1.0, max(compared, len(names)) * exp(-z * z / 2)) if z > 0 else 1.0))
    return sorted(found, key=lambda suspect: -suspect.z)


def named(ranked: Sequence[Suspect]) -> list[Suspect]:
    """Those whom the file names: beyond the threshold, and apart from the first who is not (several, when several
    put their copies together); nobody when the distance is too small to tell."""
    beyond = [suspect for suspect in ranked if suspect.bound <= FALSE_ACCUSATION]
    rest = ranked[len(beyond) :]
    if beyond and rest and beyond[-1].z - rest[0].z < GAP:
        return []
    return beyond


# -- SQL of the pieces ---------------------------------------------------------------------------------------------


def _salt(secret: bytes) -> str:
    return hmac.digest(secret, b"rows", "sha256").hex()[:32]


def _digested(relation: str, known: Mapping[str, Column], mark: Mark, secret: bytes) -> str:
    """`relation` with 60 bits of the key's digest for chosen rows, NULL for the others: CASE is lazy, so that the
    digest is computed for those rows alone."""
    digest = f"CAST('0x' || left(sha256($mark_salt || {_key_text(known, mark)}), 15) AS BIGINT)"
    chosen = f"CASE WHEN {_mixed(known, mark, secret)} < {2**32 // ONE_IN} THEN {digest} END"
    return f"(SELECT *, {chosen} AS {quote(DIGEST)} FROM {relation}) AS digested"  # noqa: S608 names are quoted


def _key_text(known: Mapping[str, Column], mark: Mark) -> str:
    """The key as text, equal for a number and for its text; NULL where a part is empty."""
    return " || chr(31) || ".join(_part(known[name]) for name in mark.key_columns)


def _part(column: Column) -> str:
    name = quote(column.name)
    if column.family == "whole":
        return f"CAST(TRY_CAST({name} AS BIGINT) AS VARCHAR)"
    if column.family in _PLAIN:
        return f"CAST(TRY_CAST({name} AS {_PLAIN[column.family]}) AS VARCHAR)"
    return f"trim(CAST({name} AS VARCHAR))"


_PLAIN = {"date": "DATE", "time": "TIMESTAMP", "fraction": "DOUBLE"}


def _mixed(known: Mapping[str, Column], mark: Mark, secret: bytes) -> str:
    """32 bits of the key under the secret, one multiplicative round: this only draws lots, what a row then carries is
    decided by its digest. Products stay below 2^63, since DuckDB refuses to wrap around."""
    raw = hmac.digest(secret, b"mixer", "sha256")
    start, factor = (int.from_bytes(raw[i : i + 4], "big") & 0x7FFFFFFF | 1 for i in (0, 4))
    only = known[mark.key_columns[0]]
    if len(mark.key_columns) == 1 and only.family == "whole":
        number = f"TRY_CAST({quote(only.name)} AS BIGINT)"
    else:
        number = f"CAST('0x' || left(md5({_key_text(known, mark)}), 8) AS BIGINT)"
    return f"((xor({number} & 2147483647, {start}) * {factor}) & 4294967295)"


# Of the digest each column has 16 bits of its own: position (10), mask (1), direction (1).
def _position(place: int) -> str:
    return f"(({quote(DIGEST)} >> {16 * place}) & {POSITIONS - 1})"


def _mask_bit(place: int) -> str:
    return f"(({quote(DIGEST)} >> {16 * place + 10}) & 1)"


def _direction(place: int) -> str:
    return f"(1 - 2 * (({quote(DIGEST)} >> {16 * place + 11}) & 1))"


def _scaled(name: str, column: Column, marked: MarkedColumn) -> str:
    """The value in units of its marked digit, as a whole number; NULL where it is none or too large to be exact."""
    if column.family == "whole":
        return f"TRY_CAST({name} AS BIGINT)"
    power = 10**marked.decimals
    number = f"TRY_CAST({name} AS DOUBLE)"
    return f"CASE WHEN abs({number}) < {10**15 // power} THEN CAST(round({number} * {power}) AS BIGINT) END"


def _moved(column: Column, marked: MarkedColumn, place: int) -> str:
    """The column with its digit moved in chosen rows."""
    name, step = quote(column.name), _direction(place)
    power = 10**marked.decimals
    units = f"CAST({name} * {power} AS BIGINT)" if _whole_units(column, marked) else _scaled(name, column, marked)
    wanted = f"xor(get_bit(CAST($mark_code_{place} AS BIT), CAST({_position(place)} AS INTEGER)), {_mask_bit(place)})"
    parity = f"({units} % 2 + 2) % 2"
    if column.family == "whole":
        changed = f"TRY_CAST({name} AS HUGEINT) + {step}"
    elif _exact(column):
        unit = f"{10**-marked.decimals:.{marked.decimals}f}"
        changed = f"{name} + CASE WHEN {step} > 0 THEN {unit} ELSE -{unit} END"
    else:
        changed = f"round({name} + {step} * {10**-marked.decimals:.9f}, 9)"
    moved = (
        f"CASE WHEN {parity} <> {wanted} THEN coalesce(TRY_CAST({changed} AS {column.type}), {name}) ELSE {name} END"
    )
    return f"CASE WHEN {quote(DIGEST)} IS NOT NULL THEN {moved} ELSE {name} END"


def _exact(column: Column) -> bool:
    return column.type.strip().lower().startswith(("decimal", "numeric"))


def _whole_units(column: Column, marked: MarkedColumn) -> bool:
    """Whether the column holds nothing but whole units of its marked digit, all of them exact as a double too: then
    `_scaled` is one product, which saves every marked row two conversions and a rounding."""
    sized = re.fullmatch(r"(?:decimal|numeric)\((\d+), ?(\d+)\)", column.type.strip().lower())
    return (
        sized is not None and int(sized[2]) <= marked.decimals and int(sized[1]) - int(sized[2]) + marked.decimals <= 15
    )


def row_secret(root: bytes, dataset: str) -> bytes:
    """The secret of a data set's marks, from the platform's root secret (HMAC-SHA256, RFC 2104)."""
    return hmac.new(root, f"mark\x1f{dataset}".encode(), hashlib.sha256).digest()


# -- canary rows ---------------------------------------------------------------------------------------------------

SHORTEST_ALTERED = 4
NEAR_DONOR = 10


def canary_key(key: MarkKey, attempt: int, donor: str, highest: int | None = None) -> str:
    """The key (as text) of a canary made of a real row's key `donor`: it depends on nothing else of the data, so that
    the same canary stands in the next version.

    A whole-number key (`highest` is the largest of the data) is drawn a little above its donor, and in later attempts
    above all of them; in a text key each digit and letter is drawn anew, or six digits are put behind it where it has
    few. `attempt` gives another one, for a key that the data already has.
    """
    label = f"canary\x1f{key.recipient}\x1f{donor}\x1f{attempt}".encode()
    drawn = int.from_bytes(hmac.digest(key.secret, label, "sha256"), "big")
    if highest is not None:
        return str((int(donor) if attempt < NEAR_DONOR else highest) + 1 + drawn % 997)
    if sum(letter.isascii() and letter.isalnum() for letter in donor) < SHORTEST_ALTERED:
        return f"{donor}{drawn % 10**6:06d}"
    made = []
    for letter in donor:
        alphabet = next((a for a in _ALPHABETS if letter in a), letter)
        drawn, place = divmod(drawn, len(alphabet))
        made.append(alphabet[place])
    return "".join(made)


_ALPHABETS = ("0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz")
