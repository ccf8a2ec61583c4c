"""The one catalogue of masking functions (脱敏函数): terms, editor, validation and `docs/terms.md` read it.

GB/T 37964-2019 (de-identification) names the techniques. A mask hides; it does not make data anonymous.
"""

from dataclasses import dataclass

from shugang.policy.text import Text


@dataclass(frozen=True)
class MaskFunction:
    """`args` in their order, `families` the column types it understands, `result` the type that it leaves (empty: the
    column's own), `mapped`: made value by value outside SQL and joined in (`pseudonyms.prepare_masks`)."""

    title: Text
    what: Text
    args: tuple[str, ...]
    families: tuple[str, ...]
    result: str = ""
    mapped: bool = False


CATALOGUE: dict[str, MaskFunction] = {
    "keep_ends": MaskFunction(
        Text("保留前后位", "Keep the ends"),
        Text(
            "保留前、后若干位，中间每个字符写作 *；没有中间的整个遮盖。姓名保留姓、手机号前 3 后 4、身份证号前 6 后 4 都用它。",
            "The ends stay, each character between becomes *; a value without a middle is hidden whole. For surnames, "
            "telephones (3 and 4), identity numbers (6 and 4).",
        ),
        ("prefix", "suffix"),
        ("text", "whole"),
        "string",
    ),
    "redact": MaskFunction(
        Text("不提供内容", "Withhold"),
        Text("一律为空。", "Always empty."),
        (),
        ("whole", "fraction", "text", "date", "time", "flag", "other"),
    ),
    "band": MaskFunction(
        Text("分档", "Bands"),
        Text("数值按档宽向下取整，只给出所在档的下限。", "Rounded down to the lower bound of the value's band."),
        ("width",),
        ("whole", "fraction"),
        "long",
    ),
    "truncate_date": MaskFunction(
        Text("日期取整", "Truncate the date"),
        Text("日期只精确到月、季或年（首日）。", "The first day of the month, quarter or year."),
        ("unit",),
        ("date", "time"),
        "date",
    ),
    "sha256_token": MaskFunction(
        Text("不可逆标识", "Keyed token"),
        Text(
            "以密钥生成的 SHA-256 标识（128 位）：同一密钥下相同取值得到相同标识，换一个密钥就不能对应。",
            "A keyed SHA-256 token of 128 bits: equal under one key, not to be joined under another.",
        ),
        ("key_id",),
        ("text", "whole"),
        "string",
    ),
    "sm3_token": MaskFunction(
        Text("国密不可逆标识（HMAC-SM3）", "Keyed token (HMAC-SM3)"),
        Text(
            "以项目密钥计算 HMAC-SM3（GB/T 32905，取 128 位）：项目内可关联，项目之间不能对应，没有密钥不能还原。",
            "HMAC-SM3 (GB/T 32905, 128 bits) under the project's key: joins within a project, never between two.",
        ),
        ("key_id",),
        ("text", "whole"),
        "string",
        mapped=True,
    ),
    "ff1": MaskFunction(
        Text("保形加密（FF1）", "Format-preserving encryption (FF1)"),
        Text(
            "NIST SP 800-38G 的 FF1：密文与原值同样长、同一字符集，项目密钥的持有者可还原；不足一百万种可能的、含有其他字符的，整个遮盖。"
            "字符集：digits 数字，upper 数字与大写字母，lower 数字与小写字母，letters 数字与大小写字母。",
            "FF1 of NIST SP 800-38G: as long as before and over the same signs, to be undone with the project's key; values "
            "with fewer than a million possibilities or other signs are hidden whole. Alphabets: digits, upper, lower, letters.",
        ),
        ("key_id", "alphabet"),
        ("text", "whole"),
        "string",
        mapped=True,
    ),
}
MAPPED = frozenset(name for name, function in CATALOGUE.items() if function.mapped)
DIGITS = "0123456789"
ALPHABETS: dict[str, str] = {
    "digits": DIGITS,
    "upper": DIGITS + "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    "lower": DIGITS + "abcdefghijklmnopqrstuvwxyz",
    "letters": DIGITS + "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
}
