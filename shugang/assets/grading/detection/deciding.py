"""From the header and the counted signs to a kind: the rules, and how sure they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from shugang.assets.grading.detection.headers import CONTEXT, STRONG, WEAK, Header
from shugang.assets.grading.detection.kinds import KINDS
from shugang.assets.grading.detection.signals import Seen


@dataclass(frozen=True)
class Rule:
    """How the values speak for a kind: the share of `measure` that is asked for under a strong header, under a weak one, and
    without any (None: never), and how much a full share proves. `shy`: under a header that names something else the values
    alone say nothing."""

    measure: Callable[[Seen], float]
    strong: float
    weak: float
    alone: float | None
    proof: float
    shy: bool = True


def _share(*signals: str) -> Callable[[Seen], float]:
    return lambda seen: sum(seen.share(signal) for signal in signals)


def _mobile(seen: Seen) -> float:
    """Mobile numbers are scattered; numbers that run on are somebody's count."""
    return 0.0 if 0 < seen.counts.get("spread", 0) < 20 * seen.filled else seen.share("mobile")


def _name_alone(seen: Seen) -> float:
    """Without a header: surnames in front, given names behind, and the usual length."""
    typical = seen.share("given") >= 0.6 and seen.share("three_han") >= 0.35
    return seen.share("person_name") if typical else 0.0


RULES: dict[str, Rule] = {
    "identity_number": Rule(_share("identity_number"), 0.2, 0.2, 0.5, 0.99, shy=False),
    "credit_code": Rule(_share("credit_code"), 0.3, 0.3, 0.6, 0.99, shy=False),
    "vin": Rule(_share("vin"), 0.3, 0.3, 0.6, 0.97, shy=False),
    "email": Rule(_share("email"), 0.3, 0.3, 0.6, 0.97, shy=False),
    "mac": Rule(_share("mac"), 0.3, 0.3, 0.6, 0.95, shy=False),
    "mobile": Rule(_mobile, 0.3, 0.3, 0.8, 0.9),
    "bank_card": Rule(_share("bank_card"), 0.3, 0.5, 0.9, 0.9),
    "plate": Rule(_share("plate"), 0.3, 0.3, 0.8, 0.85),
    "ip_address": Rule(_share("ipv4", "ipv6"), 0.3, 0.3, 0.8, 0.9),
    "person_name": Rule(_share("person_name"), 0.3, 0.5, 0.85, 0.75),
    "address": Rule(_share("address"), 0.0, 0.3, None, 0.75),
    "landline": Rule(_share("landline"), 0.3, 0.3, None, 0.8),
    "gender": Rule(_share("gender"), 0.5, 0.8, None, 0.7),
    "ethnicity": Rule(_share("ethnicity"), 0.3, 0.5, None, 0.8),
    "blood_type": Rule(_share("blood_type"), 0.3, 0.6, None, 0.7),
    "education": Rule(_share("education"), 0.0, 0.5, 0.9, 0.8),
    "age": Rule(_share("age"), 0.5, 0.8, None, 0.6),
    "birth_date": Rule(_share("born"), 0.3, 0.5, None, 0.6),
    "location": Rule(_share("point"), 0.0, 0.3, None, 0.6),
}
# Columns that make a table one about people, so that its addresses, coordinates and sums are theirs.
_OF_PEOPLE = {
    *("identity_number", "gender", "birth_date", "medical_record", "passport", "student_number"),
    *("social_security", "age", "ethnicity", "deidentified"),
}
_CONTEXT_WEAK = {"address", "landline"}
_NAMED = {STRONG: 0.9, CONTEXT: 0.7, WEAK: 0.5}
HASHED, STARRED = 0.8, 0.5


@dataclass(frozen=True)
class Verdict:
    """`strength` is the header's, 0 if it says nothing; `share` that of the values, None if they were not asked."""

    kind: str
    confidence: float
    strength: int = 0
    share: float | None = None
    embedded: bool = False


def decide(header: Header, seen: Seen) -> Verdict | None:
    """The first look at one column, without the others."""
    if not seen.filled:
        strong = [kind for kind, strength in header.hits.items() if strength == STRONG]
        return Verdict(strong[0], 0.5, STRONG) if strong else None
    if hidden := _hidden(header, seen):
        return hidden
    named = [verdict for kind, strength in header.hits.items() if (verdict := _named(kind, strength, seen))]
    if named:
        return max(named, key=lambda verdict: (verdict.share is not None, verdict.confidence))
    return _alone(header, seen) or _embedded(seen) or _unproven(header)


def _hidden(header: Header, seen: Seen) -> Verdict | None:
    """Hashes and stars under a header that promises a person's data."""
    if "password" in header.hits:
        return Verdict("password", 0.9, header.hits["password"])
    personal = [strength for kind, strength in header.hits.items() if KINDS[kind].pi_class]
    share = max(seen.share("hash") if seen.share("hash") >= HASHED else 0.0, _starred(seen))
    if personal and share:
        return Verdict("deidentified", _sure(max(personal), 0.8 * share), max(personal), share)
    return None


def _starred(seen: Seen) -> float:
    return seen.share("star") if seen.share("star") >= STARRED else 0.0


def _named(kind: str, strength: int, seen: Seen) -> Verdict | None:
    rule = RULES.get(kind)
    if rule is None:
        return Verdict(kind, 0.85 if strength == STRONG else _NAMED[strength], strength)
    share = rule.measure(seen)
    if kind == "bank_card" and strength == STRONG:
        share = max(share, seen.share("card_digits"))  # accounts have no check digit
    if kind == "bank_card" and strength == WEAK:
        share = max(share, seen.share("card_digits") * 0.9)
    if share < (rule.strong if strength == STRONG else rule.weak):
        return None
    return Verdict(kind, _sure(strength, rule.proof * min(share, 1.0)), strength, share)


def _alone(header: Header, seen: Seen) -> Verdict | None:
    found = []
    for kind, rule in RULES.items():
        if rule.alone is None or (rule.shy and (header.elsewhere or header.hits)):
            continue
        share = _name_alone(seen) if kind == "person_name" else rule.measure(seen)
        if share >= rule.alone and not (kind == "person_name" and header.organisation):
            found.append(Verdict(kind, round(rule.proof * share, 2), 0, share))
    return max(found, key=lambda verdict: verdict.confidence, default=None)


def _embedded(seen: Seen) -> Verdict | None:
    """Numbers of people inside longer texts."""
    for kind, signal in (("identity_number", "embedded_identity"), ("mobile", "embedded_mobile")):
        share = seen.share(signal)
        if share >= 0.02:
            return Verdict(kind, round(0.6 + 0.3 * min(share, 1.0), 2), 0, share, embedded=True)
    return None


def _unproven(header: Header) -> Verdict | None:
    """A header that promises something sensitive is shown to a person even where the values do not bear it out."""
    for kind, strength in header.hits.items():
        if strength == STRONG and KINDS[kind].sensitive:
            return Verdict(kind, 0.35, strength, 0.0)
    return None


def _sure(strength: int, proof: float) -> float:
    """Header and values as two independent witnesses; nothing is certain before a person has looked."""
    return min(0.99, round(1 - (1 - _NAMED[strength]) * (1 - proof), 2))


def in_context(
    verdicts: Mapping[int, Verdict], headers: Mapping[int, Header], seen: Mapping[int, Seen]
) -> dict[int, Verdict]:
    """The verdicts that stand once the whole table is known: addresses, telephones, coordinates and sums are personal only
    where the table is about people and the header does not speak of an institution."""
    kinds = {verdict.kind for verdict in verdicts.values() if not verdict.embedded}
    named = any(verdict.kind == "person_name" and verdict.strength == STRONG for verdict in verdicts.values())
    # Organisations have credit codes, and name somebody to call.
    people = bool(kinds & _OF_PEOPLE) or ("credit_code" not in kinds and ("mobile" in kinds or named))

    def stands(place: int, verdict: Verdict) -> bool:
        depends = verdict.strength == CONTEXT or (verdict.strength == WEAK and verdict.kind in _CONTEXT_WEAK)
        return not depends or (people and not headers[place].organisation)

    kept = {place: verdict for place, verdict in verdicts.items() if stands(place, verdict)}
    for place, header in headers.items():
        # Homes without a telling header: flats in a table about people.
        flats = min(seen[place].share("address"), seen[place].share("house"))
        if place not in kept and flats >= 0.6 and people and not header.organisation and not header.hits:
            kept[place] = Verdict("address", round(0.75 * flats, 2), 0, flats)
    return kept
