"""What an element is (name, address, code …): how it is standardised, when two values are near, when one is invalid.

Everything is a DuckDB expression over text columns, so a column is standardised in one pass. Full width, compatibility forms
and traditional characters are folded by `folding.py` before these expressions run. Pure, no Django.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from shugang.policy.checks import CHECKS
from shugang.policy.text import Text

Sql = Callable[[str], str]
Near = Callable[[str, str, float | None], str]

_SUFFIXES = (
    "股份有限公司|有限责任公司|集团有限公司|有限公司|集团公司|股份公司|总公司|公司|集团|有限合伙|普通合伙|合伙企业"
    "|co\\.?,? ?ltd\\.?|limited|incorporated|inc\\.?|corporation|corp\\.?|company|plc"
)
_ENTERPRISE = f"(?:[(（]?(?:{_SUFFIXES})[)）]?)+$"
_SIGNS = "[\\s\\p{P}\\p{S}]+"
# Dots between the parts of a name (·•・‧∙ and the full stop typed in their place).
_NAME_SIGNS = "[\\s·•・‧∙．.\\-]+"
_PART = "(?:省|自治区|特别行政区)"
ADDRESS_PARTS = ("province", "city", "district", "street", "road", "door", "rest")
_ADDRESS = (
    f"^([^市县]{{2,8}}?{_PART})?([^省区县路街]{{2,7}}?(?:市|自治州|地区|盟))?([^省市路街号]{{1,7}}?(?:区|县|旗|市))?"
    "([^区县路号]{1,10}?(?:街道|镇|乡))?([^号]*?(?:大街|大道|路|街|巷|道|弄|胡同|里|村|社))?"
    "((?:甲|乙|丙|第)?[0-9一二三四五六七八九十百零]+(?:-[0-9]+)?(?:号之?[0-9]*|号|弄|幢|栋|座))?(.*)$"
)
_BLANKS = "\\s+"
_DATE_PARTS = "^\\s*([0-9]{4})[-/.年]?([0-9]{1,2})[-/.月]?([0-9]{1,2})日?"
_EARTH = 6_371_008.8


def _replace(text: str, pattern: str, by: str = "", flags: str = "g") -> str:
    return f"regexp_replace({text}, '{pattern}', '{by}', '{flags}')"


def _filled(text: str) -> str:
    return f"nullif({text}, '')"


def _text(x: str) -> str:
    return _filled(f"lower({_replace(x, _SIGNS)})")


def _person(x: str) -> str:
    return _filled(f"upper({_replace(x, _NAME_SIGNS)})")


def _enterprise(x: str) -> str:
    """Legal form and brackets go; a name that is nothing but a legal form stays as it is."""
    whole = _text(x)
    stripped = _replace(_replace(f"lower(trim({x}))", _ENTERPRISE, flags="i"), _SIGNS)
    return f"coalesce({_filled(stripped)}, {whole})"


def address_parts(x: str) -> str:
    """省市区街道门牌 as a struct; a part that is not written is ''."""
    names = ", ".join(f"'{name}'" for name in ADDRESS_PARTS)
    return f"regexp_extract({x}, '{_ADDRESS}', [{names}])"


def _address(x: str) -> str:
    return _filled(_replace(x, "[\\s,，.。;；:：、()（）]+"))


def _phone(x: str) -> str:
    digits = _replace(x, "[^0-9]+")
    mobile = _replace(digits, "^(?:0086|86)(1[3-9][0-9]{9})$", "\\1", "")
    return _filled(f"CASE WHEN length({digits}) > 12 THEN {mobile} ELSE {digits} END")


def _identity(x: str) -> str:
    """Upper case without blanks; 15 digits become 18 (GB 11643-1999 §4: the century, then the check character)."""
    text = f"upper({_replace(x, _BLANKS)})"
    long = f"({text}[1:6] || '19' || {text}[7:15])"
    weights = [pow(2, 18 - place, 11) for place in range(1, 18)]
    number = f"TRY_CAST({long} AS BIGINT)"
    total = " + ".join(f"{w} * ({number} // {10 ** (17 - place)} % 10)" for place, w in enumerate(weights, 1))
    made = f"{long} || ('10X98765432')[(({total}) % 11) + 1]"
    return _filled(f"CASE WHEN regexp_full_match({text}, '[0-9]{{15}}') THEN {made} ELSE {text} END")


def _code(x: str) -> str:
    return _filled(f"upper({_replace(x, _BLANKS)})")


def _number(x: str) -> str:
    """As a number writes itself once: 1,000.50 and 1000.5 are one."""
    plain = _replace(x, "[\\s,]+")
    return f"CAST(TRY_CAST({plain} AS DOUBLE) AS VARCHAR)"


def _date(x: str) -> str:
    parts = f"regexp_extract({x}, '{_DATE_PARTS}', ['y', 'm', 'd'])"
    made = f"{parts}.y || '-' || lpad({parts}.m, 2, '0') || '-' || lpad({parts}.d, 2, '0')"
    # Taking a text apart is dear: only what does not read as a date by itself.
    return f"CAST(CASE WHEN TRY_CAST({x} AS DATE) IS NOT NULL THEN TRY_CAST({x} AS DATE) ELSE TRY_CAST({made} AS DATE) END AS VARCHAR)"


def _point(x: str) -> str:
    """“longitude,latitude” as written, once both are numbers on the globe."""
    cut = f"regexp_extract({x}, '^\\s*(-?[0-9.]+)\\s*[,，; ]\\s*(-?[0-9.]+)\\s*$', ['lon', 'lat'])"
    lon, lat = f"TRY_CAST({cut}.lon AS DOUBLE)", f"TRY_CAST({cut}.lat AS DOUBLE)"
    return f"CASE WHEN abs({lon}) <= 180 AND abs({lat}) <= 90 THEN {lon} || ',' || {lat} END"


def _alike(a: str, b: str, tolerance: float | None) -> str:
    """Names of four or fewer signs are near only by one exchanged sign; longer ones by Jaro–Winkler."""
    least = 0.92 if tolerance is None else tolerance
    short = f"least(length({a}), length({b})) <= 4"
    return (
        f"CASE WHEN {short} THEN levenshtein({a}, {b}) <= 1 AND least(length({a}), length({b})) >= 3 "
        f"ELSE jaro_winkler_similarity({a}, {b}) >= {float(least)} END"
    )


def _same_place(a: str, b: str, tolerance: float | None) -> str:
    """One is the other without its province, city or district; or road and door are the same."""
    p, q = address_parts(a), address_parts(b)
    road = f"{p}.road <> '' AND {p}.door <> '' AND {p}.road = {q}.road AND {p}.door = {q}.door"
    apart = f"{p}.district <> '' AND {q}.district <> '' AND {p}.district <> {q}.district"
    ends = f"least(length({a}), length({b})) >= 5 AND (suffix({a}, {b}) OR suffix({b}, {a}))"
    # Cutting an address into its parts is dear: only where the cheap answer is no.
    return f"(CASE WHEN {ends} THEN TRUE ELSE ({road}) AND NOT ({apart}) END)"


def _never(a: str, b: str, tolerance: float | None) -> str:
    return "FALSE"


def _close(a: str, b: str, tolerance: float | None) -> str:
    return f"abs(CAST({a} AS DOUBLE) - CAST({b} AS DOUBLE)) <= {float(tolerance or 0)}"


def _days(a: str, b: str, tolerance: float | None) -> str:
    return f"abs(CAST({a} AS DATE) - CAST({b} AS DATE)) <= {int(tolerance or 0)}"


def metres(a: str, b: str) -> str:
    """Great-circle distance of two “lon,lat” texts."""
    cut = [f"radians(CAST(split_part({p}, ',', {n}) AS DOUBLE))" for p in (a, b) for n in (1, 2)]
    lon1, lat1, lon2, lat2 = cut
    h = f"pow(sin(({lat2} - {lat1}) / 2), 2) + cos({lat1}) * cos({lat2}) * pow(sin(({lon2} - {lon1}) / 2), 2)"
    return f"(2 * {_EARTH} * asin(sqrt(least(1.0, {h}))))"


def _within(a: str, b: str, tolerance: float | None) -> str:
    return f"{metres(a, b)} <= {float(tolerance if tolerance is not None else 100)}"


@dataclass(frozen=True)
class Kind:
    """`folded`: may hold Chinese or full-width text. `personal`: never shown whole. `check`: a rule of `policy.checks` that a
    value has to pass; `tolerance`: what a tolerance means, None where none can be given."""

    name: str
    label: Text
    normal: Sql
    near: Near
    folded: bool = True
    personal: bool = False
    check: str = ""
    tolerance: Text | None = None

    def valid(self, x: str) -> str:
        return CHECKS[self.check].sql(x) if self.check else "TRUE"


_ALIKE = Text("相似度（0–1）", "similarity (0 to 1)")
KINDS: dict[str, Kind] = {
    k.name: k
    for k in (
        Kind("text", Text("文字", "Text"), _text, _alike, tolerance=_ALIKE),
        Kind("person", Text("人名", "Name of a person"), _person, _alike, personal=True, tolerance=_ALIKE),
        Kind("enterprise", Text("单位名称", "Name of an organisation"), _enterprise, _alike, tolerance=_ALIKE),
        Kind("address", Text("地址", "Address"), _address, _same_place),
        Kind("phone", Text("电话", "Telephone"), _phone, _never, personal=True),
        Kind("identity", Text("公民身份号码", "Identity number"), _identity, _never, personal=True, check="identity_number"),
        Kind("credit_code", Text("统一社会信用代码", "Unified social credit code"), _code, _never, check="credit_code"),
        Kind("code", Text("代码", "Code"), _code, _never),
        Kind("literal", Text("原文", "As written"), lambda x: x, _never, False),
        Kind("number", Text("数值", "Number"), _number, _close, False, tolerance=Text("允许相差", "allowed difference")),
        Kind("date", Text("日期", "Date"), _date, _days, tolerance=Text("允许相差天数", "allowed days")),
        Kind("point", Text("经纬度", "Longitude and latitude"), _point, _within, tolerance=Text("允许相距米数", "allowed metres")),
    )
}  # fmt: skip


def masked(x: str) -> str:
    """A personal value as it may be shown: the first and the last sign or three, stars between."""
    return (
        f"CASE WHEN {x} IS NULL THEN NULL WHEN length({x}) <= 1 THEN '*' WHEN length({x}) <= 4 THEN {x}[1] || repeat('*', length({x}) - 1) "
        f"WHEN length({x}) <= 7 THEN {x}[1] || repeat('*', length({x}) - 2) || {x}[-1] "
        f"ELSE {x}[1:3] || repeat('*', length({x}) - 5) || {x}[-2:] END"
    )
