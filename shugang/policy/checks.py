"""Checks of identifiers over whole columns: for each a DuckDB expression, TRUE for valid, FALSE for not, NULL for NULL.

The expressions are vectorised: digits are cut from one cast by whole division, letters by `strpos`. The arithmetic stands
before the regular expression because DuckDB shares common parts only in the first place of a conjunction (it is five times
slower the other way round); `FALSE AND NULL` is FALSE, so the meaning is the same. `identifiers.py` is the reference that
the tests compare with.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from shugang.policy import identifiers as ids
from shugang.policy.text import Text

_MONTH_DAY = (
    "(?:(?:0[13578]|1[02])(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)(?:0[1-9]|[12][0-9]|30)|02(?:0[1-9]|1[0-9]|2[0-8]))"
)
_LEAP_YEAR = "(?:(?:18|19|20)(?:0[48]|[2468][048]|[13579][26])|2000)"
_DAY = f"(?:(?:18|19|20)[0-9]{{2}}{_MONTH_DAY}|{_LEAP_YEAR}0229)"
_IDENTITY = f"(?:{'|'.join(ids.PROVINCES)})[0-9]{{4}}{_DAY}[0-9]{{3}}[0-9X]"
_USCC = f"[{ids.USCC_ALPHABET}]{{2}}[0-9]{{6}}[{ids.USCC_ALPHABET}]{{8}}[0-9X][{ids.USCC_ALPHABET}]"
_OFFICE, _SIGN = f"[{ids.PLATE_SIGNS}]", f"[{ids.PLATE_SIGNS}0-9]"
_PLATE = (
    f"[{ids.PLATE_PROVINCES}]{_OFFICE}(?:{_SIGN}{{4}}(?:{_SIGN}|[{ids.PLATE_ENDINGS}])"
    f"|[A-HJK]{_SIGN}[0-9]{{4}}|[0-9]{{5}}[A-HJK])"
)
_AREA_3, _AREA_4 = "(?:010|02[0-9])", "0[3-9][0-9]{2}"
_LANDLINE = f"(?:(?:{_AREA_3}-?|\\({_AREA_3}\\))[2-8][0-9]{{7}}|(?:{_AREA_4}-?|\\({_AREA_4}\\))[2-8][0-9]{{6,7}})(?:-[0-9]{{1,6}})?"
_ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_EMAIL = f"{_ATOM}(?:\\.{_ATOM})*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{{0,61}}[A-Za-z0-9])?\\.)+[A-Za-z]{{2,63}}"
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = f"{_OCTET}(?:\\.{_OCTET}){{3}}"
_GROUP = "[0-9A-Fa-f]{1,4}"


def _ipv6() -> str:
    """Every place for `::` and every number of groups behind it (RFC 4291 §2.2), the last two also as IPv4."""
    forms = [f"(?:{_GROUP}:){{7}}{_GROUP}", f"(?:{_GROUP}:){{6}}{_IPV4}"]
    for before in range(8):
        head = f"(?:{_GROUP}(?::{_GROUP}){{{before - 1}}})?" if before else ""
        head = head.removesuffix("?") if before else head
        forms.append(f"{head}::(?:{_GROUP}(?::{_GROUP}){{0,{6 - before}}})?" if before < 7 else f"{head}::")
        if before < 6:
            forms.append(f"{head}::(?:{_GROUP}:){{0,{5 - before}}}{_IPV4}")
    return f"(?:{'|'.join(forms)})"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _text(column: str) -> str:
    return f"CAST({column} AS VARCHAR)"


def _matches(pattern: str) -> Callable[[str], str]:
    return lambda column: f"regexp_full_match({_text(column)}, {_literal(pattern)})"


def _weighted(number: str, weights: Sequence[int]) -> str:
    """Σ weight·digit over the decimal digits of a whole number, the first weight for the leading one."""
    terms = [(weight, 10 ** (len(weights) - 1 - place)) for place, weight in enumerate(weights)]
    return " + ".join(f"{weight} * ({number} // {unit} % 10)" for weight, unit in terms if weight)


def _identity_number(column: str) -> str:
    text = _text(column)
    total = _weighted(f"TRY_CAST(left({text}, 17) AS BIGINT)", ids.IDENTITY_WEIGHTS)
    check = f"strpos('10X98765432', right({text}, 1)) - 1 = ({total}) % 11"
    return f"({check} AND {_matches(_IDENTITY)(column)})"


def _credit_code(column: str) -> str:
    text = _text(column)

    def value(place: int, alphabet: str) -> str:
        return f"(strpos('{alphabet}', {text}[{place}]) - 1)"

    places = [1, 2, *range(9, 18)]
    region = [pow(3, k, 31) for k in range(2, 8)]
    total = " + ".join(f"{pow(3, place - 1, 31)} * {value(place, ids.USCC_ALPHABET)}" for place in places)
    total += " + " + _weighted(f"TRY_CAST({text}[3:8] AS INTEGER)", region)
    last = f"({total} + {value(18, ids.USCC_ALPHABET)}) % 31 = 0"
    signs = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    body = " + ".join(f"{w} * {value(9 + k, signs)}" for k, w in enumerate(ids.ORGANISATION_WEIGHTS))
    organisation = f"({body} + strpos('0123456789X', {text}[17]) - 1) % 11 = 0"
    # Both sums stand in one comparison, so that they share the cut characters.
    both = f"CAST({last} AS UTINYINT) + CAST({organisation} AS UTINYINT) = 2"
    return f"({both} AND {_matches(_USCC)(column)})"


def _bank_card(column: str) -> str:
    number = f"TRY_CAST({_text(column)} AS UBIGINT)"
    digits = [f"({number} // {10**place} % 10)" for place in range(19)]
    doubled = [f"2 * {digit} - 9 * CAST({digit} > 4 AS UTINYINT)" for digit in digits[1::2]]
    return f"(({' + '.join([*digits[::2], *doubled])}) % 10 = 0 AND {_matches('[1-9][0-9]{12,18}')(column)})"


def _vin(column: str) -> str:
    text = _text(column)
    # A sign's value is the last digit of its place in this row of tens.
    signs = "0123456789.ABCDEFGH..JKLMN.P.R..STUVWXYZ"
    head = " + ".join(
        f"{weight} * ((strpos('{signs}', {text}[{place}]) - 1) % 10)"
        for place, weight in enumerate(ids.VIN_WEIGHTS[:13], 1)
        if weight
    )
    tail = _weighted(f"TRY_CAST({text}[14:17] AS INTEGER)", ids.VIN_WEIGHTS[13:])
    pattern = _matches("[A-HJ-NPR-Z0-9]{8}[0-9X][A-HJ-NPR-Z0-9]{4}[0-9]{4}")(column)
    return f"(strpos('0123456789X', {text}[9]) - 1 = ({head} + {tail}) % 11 AND {pattern})"


def _email(column: str) -> str:
    text = _text(column)
    return f"({_matches(_EMAIL)(column)} AND length({text}) <= 254 AND strpos({text}, '@') <= 65)"


@dataclass(frozen=True)
class Check:
    """One kind of identifier. `sql(column)` takes a quoted column name or another expression of our own, never a person's
    words; `accepts(value)` is the same for one text in plain Python."""

    name: str
    title: Text
    standard: str
    clause: str
    sql: Callable[[str], str]
    accepts: Callable[[str], bool]


def _check(
    name: str, zh: str, en: str, basis: tuple[str, str], sql: Callable[[str], str], accepts: Callable[[str], bool]
) -> Check:
    return Check(name, Text(zh, en), *basis, sql, accepts)


_NUMBERING = "电信网编号计划（2017年版）"
CHECKS: dict[str, Check] = {
    check.name: check
    for check in (
        _check(
            "identity_number",
            "公民身份号码（省份、出生日期、校验码）",
            "Resident identity number (province, date of birth, check character)",
            ("GB 11643-1999", "4"),
            _identity_number,
            ids.is_identity_number,
        ),
        _check(
            "credit_code",
            "统一社会信用代码（含组织机构代码校验）",
            "Unified social credit code (with the organisation code inside)",
            ("GB 32100-2015, GB 11714-1997", "4"),
            _credit_code,
            lambda text: ids.check_uscc(text) is None,
        ),
        _check(
            "mobile",
            "移动电话号码",
            "Mobile number",
            (_NUMBERING, "公众移动通信网"),
            _matches("1[3-9][0-9]{9}"),
            ids.is_phone,
        ),
        _check(
            "landline",
            "固定电话号码（含区号）",
            "Landline number with area code",
            (_NUMBERING, "固定电话网"),
            _matches(_LANDLINE),
            ids.is_landline,
        ),
        _check(
            "bank_card",
            "银行卡号（13–19 位，Luhn 校验）",
            "Bank card number (13 to 19 digits, Luhn)",
            ("GB/T 15694.1 (ISO/IEC 7812-1)", "B"),
            _bank_card,
            ids.is_bank_card,
        ),
        _check(
            "plate",
            "机动车号牌（含新能源）",
            "Number plate (new energy included)",
            ("GA 36-2018", "5"),
            _matches(_PLATE),
            ids.is_plate,
        ),
        _check(
            "vin",
            "车辆识别代号（第 9 位校验）",
            "Vehicle identification number (check at place 9)",
            ("GB 16735-2019, ISO 3779", "A"),
            _vin,
            ids.is_vin,
        ),
        _check("email", "电子邮箱", "E-mail address", ("RFC 5322, RFC 1123", "3.4.1"), _email, ids.is_email),
        _check(
            "ipv4",
            "IPv4 地址",
            "IPv4 address",
            ("RFC 3986", "3.2.2"),
            _matches(_IPV4),
            lambda text: ids.is_ip(text, 4),
        ),
        _check(
            "ipv6",
            "IPv6 地址",
            "IPv6 address",
            ("RFC 4291", "2.2"),
            _matches(_ipv6()),
            lambda text: ids.is_ip(text, 6),
        ),
        _check(
            "mac",
            "MAC 地址",
            "MAC address",
            ("IEEE 802", "8.1"),
            _matches("[0-9A-Fa-f]{2}(?:(?::[0-9A-Fa-f]{2}){5}|(?:-[0-9A-Fa-f]{2}){5})"),
            ids.is_mac,
        ),
        _check(
            "postcode",
            "邮政编码",
            "Postcode",
            ("中华人民共和国邮政编码", "省（区、市）代号"),
            _matches(f"(?:{'|'.join(ids.POST_PROVINCES)})[0-9]{{4}}"),
            ids.is_postcode,
        ),
    )
}
