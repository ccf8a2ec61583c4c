"""What a header says: Chinese and English name a thing by their last words, so the longest known ending counts.

“手机型号” ends in a model and is no telephone; `device_mac` ends in `mac`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shugang.assets.grading.detection.kinds import ELSEWHERE, KINDS, ORGANISATION

STRONG, CONTEXT, WEAK = 3, 2, 1
_BRACKETS = re.compile(r"[（(\[【].*?[)）\]】]")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_HAN = re.compile(r"[一-鿿]")
_UNITS = {"cm", "kg", "mm", "rmb", "cny", "yuan", "usd", "str", "txt", "val", "value", "col", "field", "new", "old"}
_TAILS = re.compile("(?:名称|代码|编码|情况|描述)$")
_HASHED = re.compile(
    r"(?:md5|sha\d*|sm3|hash|hashed|masked|mask|encrypted|enc|token|哈希|哈希值|摘要|加密|密文|脱敏|掩码)$"
)


@dataclass(frozen=True)
class Header:
    """`hits`: kind → how strongly the header names it; `hidden`: it says that the values are hashed or masked;
    `elsewhere`: it names something that only looks like an identifier; `organisation`: it speaks of an institution."""

    hits: dict[str, int]
    hidden: bool
    elsewhere: bool
    organisation: bool


def read(header: str) -> Header:
    """What is known of a column before its values are seen."""
    name = _BRACKETS.sub("", header).strip()
    tokens = _tokens(name)
    plain, hidden = _without_hidden(tokens)
    hits = _hits(plain) or _hits(tokens) or _hits(_without_tail(plain))
    organisation = any(word in name for word in ORGANISATION["zh"]) or any(t in ORGANISATION["en"] for t in tokens)
    return Header(hits, hidden, not hits and _elsewhere(tokens), organisation)


def _tokens(name: str) -> list[str]:
    """Lower-case pieces: runs of Chinese (with what clings to them), Latin words, without numbers and units."""
    spaced = _CAMEL.sub(" ", name)
    pieces = [piece for piece in re.split(r"[\s_\-./:：、]+", spaced.lower()) if piece]
    if _HAN.search(name):
        return ["".join(pieces)]
    words = [word for piece in pieces for word in re.findall(r"[a-z]+\d*", piece)]
    words = [word if word in _NUMBERED else word.rstrip("0123456789") or word for word in words]
    while len(words) > 1 and words[-1] in _UNITS:
        words.pop()
    return words


def _without_hidden(tokens: list[str]) -> tuple[list[str], bool]:
    """The tokens without endings such as md5 or 脱敏, and whether there was one."""
    rest, hidden = list(tokens), False
    while rest and (found := _HASHED.search(rest[-1])):
        left = rest[-1][: found.start()]
        if not left and len(rest) == 1:
            break
        rest, hidden = [*rest[:-1], left] if left else rest[:-1], True
    return rest, hidden


def _without_tail(tokens: list[str]) -> list[str]:
    """“司机名称” names drivers, `ethnicity_code` ethnicities: what is left without such an ending."""
    if tokens and _HAN.search(tokens[-1]):
        return [*tokens[:-1], _TAILS.sub("", tokens[-1])]
    return tokens[:-1] if len(tokens) > 1 and tokens[-1] in ("name", "code", "desc", "info") else []


def _hits(tokens: list[str]) -> dict[str, int]:
    """The kinds of the longest ending that any of them knows; of equal length all."""
    found: dict[str, tuple[int, int]] = {}
    for ending, kind, strength in _known(tokens):
        found[kind] = max(found.get(kind, (0, 0)), (ending, strength))
    longest = max((ending for ending, _ in found.values()), default=0)
    return {kind: strength for kind, (ending, strength) in found.items() if ending == longest}


def _known(tokens: list[str]) -> Iterator[tuple[int, str, int]]:
    if not tokens:
        return
    if _HAN.search(tokens[-1]):
        for place in range(len(tokens[-1])):
            ending = tokens[-1][place:]
            yield from ((len(ending), kind, strength) for kind, strength in _WORDS.get(ending, ()))
        yield from ((len(tokens[-1]), kind, strength) for kind, strength in _WORDS.get(tokens[-1], ()))
        return
    for place in range(len(tokens)):
        ending_phrase = tuple(tokens[place:])
        # A phrase weighs by its letters, as initials do, so that both can be compared.
        weight = sum(map(len, ending_phrase))
        yield from ((weight, kind, strength) for kind, strength in _PHRASES.get(ending_phrase, ()))
    joined = tokens[-1] if len(tokens) > 1 else "".join(tokens)
    for place in range(len(joined)):
        ending = joined[place:]
        if len(ending) > 2 or place == 0 or len(joined) <= 4:
            yield from ((len(ending), kind, strength) for kind, strength in _PINYIN.get(ending, ()))


def _elsewhere(tokens: list[str]) -> bool:
    if not tokens:
        return False
    if _HAN.search(tokens[-1]):
        return tokens[-1].endswith(ELSEWHERE["zh"])
    return tokens[-1] in ELSEWHERE["en"]


def _index(entries: Iterable[tuple[object, str, int]]) -> dict[object, list[tuple[str, int]]]:
    table: dict[object, list[tuple[str, int]]] = {}
    for word, kind, strength in entries:
        table.setdefault(word, []).append((kind, strength))
    return table


_WORDS = _index(
    (word, kind.name, strength)
    for kind in KINDS.values()
    for words, strength in ((kind.words, STRONG), (kind.weak_words, WEAK), (kind.context_words, CONTEXT))
    for word in words
)
_PHRASES = _index(
    (phrase, kind.name, strength)
    for kind in KINDS.values()
    for phrases, strength in ((kind.phrases, STRONG), (kind.weak_phrases, WEAK), (kind.context_phrases, CONTEXT))
    for spelled in phrases
    for phrase in {spelled, ("".join(spelled),)}  # user_account is also written useraccount
)
_PINYIN = _index(
    (initials, kind.name, strength)
    for kind in KINDS.values()
    for words, strength in ((kind.pinyin, STRONG), (kind.weak_pinyin, WEAK))
    for initials in words
)
_NUMBERED = {word for phrase in _PHRASES for word in phrase if word[-1].isdigit()}  # type: ignore[attr-defined]
