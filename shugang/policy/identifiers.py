"""Identifiers of organisations and telephones: check, make and mask.

Unified social credit codes follow GB 32100-2015; characters 9–17 also pass GB 11714 (organisation code).
"""

import hashlib
import re

from shugang.policy.masks import keep_ends
from shugang.policy.text import Text

USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100-2015 §4: 31 signs, without I O S V Z
_USCC_WEIGHTS = tuple(pow(3, k, 31) for k in range(17))
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)  # GB 11714-1997 §4
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
    total = sum(int(sign, 36) * weight for sign, weight in zip(first8, _ORG_WEIGHTS, strict=True))
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
