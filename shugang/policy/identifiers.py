"""Identifiers of organisations, people, cards, vehicles and networks: check, make and mask, one value at a time.

Unified social credit codes follow GB 32100-2015; characters 9–17 also pass GB 11714 (organisation code). What a whole
column is checked with is in `checks.py`; the functions here are its reference.
"""

import hashlib
import ipaddress
import re
from datetime import date

from shugang.policy.masks import keep_ends
from shugang.policy.text import Text

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015 §4: 31 signs, without I O S V Z
_USCC_WEIGHTS = tuple(pow(3, k, 31) for k in range(17))
ORGANISATION_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)  # GB 11714-1997 §4
_USCC = re.compile(f"[{USCC_ALPHABET}]{{2}}[0-9]{{6}}[{USCC_ALPHABET}]{{10}}")

PHONE = re.compile(r"1[3-9][0-9]{9}")
# No mobile number in China starts with 100 (the second digit is 3 to 9), so a generated one can reach nobody.
GENERATED_PHONE = re.compile(r"100[0-9]{8}")

USCC_ERRORS: dict[str, Text] = {
    "uscc_shape": Text(
        "统一社会信用代码应为 18 位数字或大写字母（不含 I、O、S、V、Z）。",
        "A unified social credit code has 18 digits or capital letters (without I, O, S, V, Z).",
    ),
    "uscc_organisation": Text(
        "第 9 至 17 位的校验不符，请核对是否录入有误。",
        "Characters 9 to 17 fail their check; please compare them with the licence.",
    ),
    "uscc_check": Text(
        "最后一位校验码不符，请核对是否录入有误。",
        "The last character fails the check; please compare the code with the licence.",
    ),
}


def uscc_check_char(first17: str) -> str:
    """Character 18 for the first 17 (GB 32100-2015 §4.6): (31 − Σ Cᵢ·3^(i−1) mod 31) mod 31."""
    total = sum(USCC_ALPHABET.index(sign) * weight for sign, weight in zip(first17, _USCC_WEIGHTS, strict=True))
    return USCC_ALPHABET[-total % 31]


def organisation_check_char(first8: str) -> str:
    """Check character of GB 11714-1997: 11 − Σ mod 11, with 10 → X and 11 → 0; letters count A=10 … Z=35."""
    total = sum(int(sign, 36) * weight for sign, weight in zip(first8, ORGANISATION_WEIGHTS, strict=True))
    return "0123456789X"[-total % 11]


def check_uscc(code: str) -> str | None:
    """None for a well-formed code, otherwise a key of `USCC_ERRORS`."""
    if not _USCC.fullmatch(code):
        return "uscc_shape"
    if uscc_check_char(code[:17]) != code[17]:
        return "uscc_check"
    if organisation_check_char(code[8:16]) != code[16]:
        return "uscc_organisation"
    return None


def _digits(seed: int | str, what: str, alphabet: str, length: int) -> str:
    number = int.from_bytes(hashlib.sha256(f"{what}:{seed}".encode()).digest())
    signs = ""
    for _ in range(length):
        number, place = divmod(number, len(alphabet))
        signs += alphabet[place]
    return signs


def make_uscc(seed: int | str, region: str = "990000", department: str = "9", category: str = "1") -> str:
    """A code for demonstrations, the same for the same seed; region 990000 is assigned to no place (GB/T
    2260)."""
    if len(department + category + region) != 8:
        raise ValueError("department and category have one character, the region six digits")
    body = _digits(seed, "uscc", USCC_ALPHABET, 8)
    first17 = department + category + region + body + organisation_check_char(body)
    code = first17 + uscc_check_char(first17)
    if check_uscc(code) is not None:
        raise ValueError(f"no code of that shape: {code}")
    return code


def is_phone(text: str, generated: bool = False) -> bool:
    """Whether this is a mainland mobile number; with `generated`, or one of our made-up ones."""
    return bool(PHONE.fullmatch(text) or (generated and GENERATED_PHONE.fullmatch(text)))


def fake_phone(seed: int | str) -> str:
    """A made-up number of 11 digits starting with 100; it is no valid mobile number, on purpose."""
    return "100" + _digits(seed, "phone", "0123456789", 8)


def mask_phone(text: str) -> str:
    """The first 3 and last 4 digits, the rest hidden."""
    return keep_ends(text, 3, 4)


# GB/T 2260 provinces; 81, 82, 83 also begin the residence permits of Hong Kong, Macao and Taiwan residents.
PROVINCES = (
    *[
        "11",
        "12",
        "13",
        "14",
        "15",
        "21",
        "22",
        "23",
        "31",
        "32",
        "33",
        "34",
        "35",
        "36",
        "37",
        "41",
        "42",
        "43",
        "44",
        "45",
        "46",
        "50",
        "51",
        "52",
        "53",
        "54",
    ],
    *["61", "62", "63", "64", "65", "71", "81", "82", "83"],
)
IDENTITY_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # 2^(18−i) mod 11
PLATE_PROVINCES = "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼"
PLATE_SIGNS = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # GA 36: letters without I and O
PLATE_ENDINGS = "挂学警港澳"
VIN_VALUES = dict(zip("0123456789ABCDEFGHJKLMNPRSTUVWXYZ", map(int, "012345678912345678123457923456789"), strict=True))
VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
# The first two digits of a postcode name a province (or a part of it).
POST_PROVINCES = (
    *[
        "01",
        "02",
        "03",
        "04",
        "05",
        "06",
        "07",
        "10",
        "11",
        "12",
        "13",
        "15",
        "16",
        "20",
        "21",
        "22",
        "23",
        "24",
        "25",
        "26",
        "27",
        "30",
        "31",
        "32",
        "33",
        "34",
        "35",
        "36",
    ],
    *[
        "40",
        "41",
        "42",
        "43",
        "44",
        "45",
        "46",
        "47",
        "51",
        "52",
        "53",
        "54",
        "55",
        "56",
        "57",
        "61",
        "62",
        "63",
        "64",
        "65",
        "66",
        "67",
        "71",
        "72",
        "73",
        "74",
        "75",
        "81",
        "83",
        "84",
        "85",
    ],
)
_DIGITS = set("0123456789")
_LETTERS = set("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
_LABEL = {*_DIGITS, *_LETTERS, *(letter.lower() for letter in _LETTERS)}


def _are_digits(text: str) -> bool:
    return bool(text) and set(text) <= _DIGITS


def identity_check_char(first17: str) -> str:
    """Character 18 of a resident identity number (GB 11643-1999, ISO 7064 MOD 11-2): `10X98765432`[Σ aᵢ·Wᵢ mod
    11]."""
    total = sum(int(digit) * weight for digit, weight in zip(first17, IDENTITY_WEIGHTS, strict=True))
    return "10X98765432"[total % 11]


def is_identity_number(text: str) -> bool:
    """18 characters: a province of GB/T 2260, a real day from 1800 to 2099, the check character (capital X)."""
    if len(text) != 18 or not _are_digits(text[:17]) or text[:2] not in PROVINCES:
        return False
    try:
        born = date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return False
    return 1800 <= born.year <= 2099 and text[17] == identity_check_char(text[:17])


def luhn_digit(digits: str) -> str:
    """The check digit to write behind `digits` (ISO/IEC 7812-1 annex B): every second digit from the right doubled,
    the sum of all digits made up to a multiple of ten."""
    total = 0
    for place, sign in enumerate(reversed(digits)):
        doubled = int(sign) * (2 if place % 2 == 0 else 1)
        total += doubled - 9 if doubled > 9 else doubled
    return str(-total % 10)


def is_bank_card(text: str) -> bool:
    """13 to 19 digits, the first not 0, the last as Luhn's formula asks; says nothing about the issuer."""
    return 13 <= len(text) <= 19 and _are_digits(text) and text[0] != "0" and text[-1] == luhn_digit(text[:-1])


def is_landline(text: str) -> bool:
    """Area code (0 and two or three digits), a number of 7 or 8 digits from 2 to 8, at most an extension behind `-`."""
    if text.startswith("("):
        area, closed, rest = text[1:].partition(")")
        if not closed:
            return False
    else:
        length = 3 if text[:2] in ("01", "02") else 4
        area, rest = text[:length], text[length:].removeprefix("-")
    number, dash, extension = rest.partition("-")
    if dash and not (_are_digits(extension) and len(extension) <= 6):
        return False
    if not (_are_digits(area) and _are_digits(number) and number[0] in "2345678"):
        return False
    if len(area) == 3:
        return (area == "010" or area[:2] == "02") and len(number) == 8
    return len(area) == 4 and area[0] == "0" and area[1] in "3456789" and len(number) in (7, 8)


def is_plate(text: str) -> bool:
    """Province, office, then five signs (the last may be 挂学警港澳), or six for new energy: D or F kinds before five
    or behind (GA 36-2018)."""
    if len(text) not in (7, 8) or text[0] not in PLATE_PROVINCES or text[1] not in PLATE_SIGNS:
        return False
    rest, signs = text[2:], {*PLATE_SIGNS, *_DIGITS}
    if len(rest) == 5:
        return set(rest[:4]) <= signs and rest[4] in {*signs, *PLATE_ENDINGS}
    small = rest[0] in "DABCEFGHJK" and rest[1] in signs and _are_digits(rest[2:])
    return small or (_are_digits(rest[:5]) and rest[5] in "DABCEFGHJK")


def vin_check_char(vin: str) -> str:
    """Character 9 of a vehicle identification number (GB 16735-2019): Σ value·weight mod 11, ten is X."""
    total = sum(VIN_VALUES[sign] * weight for sign, weight in zip(vin, VIN_WEIGHTS, strict=True))
    return "0123456789X"[total % 11]


def is_vin(text: str) -> bool:
    """17 signs without I, O and Q, the last four digits, the check at place 9, which ISO 3779 leaves open and GB 16735
    demands of vehicles sold in China."""
    if len(text) != 17 or not set(text) <= set(VIN_VALUES) or not _are_digits(text[13:]):
        return False
    return text[8] == vin_check_char(text)


def is_email(text: str) -> bool:
    """An address as mail programs accept it: dot-atom of RFC 5322, host names of RFC 1123 with at least one dot."""
    local, at, domain = text.rpartition("@")
    labels = domain.split(".")
    atoms = local.split(".")
    signs = {*_LABEL, *"!#$%&'*+/=?^_`{|}~-"}
    if not at or len(text) > 254 or len(local) > 64 or len(labels) < 2:
        return False
    if not all(atom and set(atom) <= signs for atom in atoms):
        return False
    if not all(0 < len(label) <= 63 and set(label) <= {*_LABEL, "-"} for label in labels):
        return False
    return (
        not any(label[0] == "-" or label[-1] == "-" for label in labels)
        and len(labels[-1]) > 1
        and set(labels[-1]) <= _LABEL - _DIGITS
    )


def is_ip(text: str, version: int) -> bool:
    """An IPv4 address in dotted decimal, or an IPv6 address in the text forms of RFC 4291 §2.2, without a zone."""
    try:
        return "%" not in text and ipaddress.ip_address(text).version == version
    except ValueError:
        return False


def is_mac(text: str) -> bool:
    """EUI-48: six pairs of hexadecimal digits, all joined by `:` or all by `-`."""
    pairs = text.split(":" if ":" in text else "-")
    return len(pairs) == 6 and all(len(pair) == 2 and set(pair) <= set("0123456789abcdefABCDEF") for pair in pairs)


def is_postcode(text: str) -> bool:
    """Six digits of which the first two name a province of the mainland."""
    return len(text) == 6 and _are_digits(text) and text[:2] in POST_PROVINCES
