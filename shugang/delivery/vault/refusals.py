"""Why a file is not taken, in words that say where and what to do."""

from __future__ import annotations

from shugang.kernel.errors import Refusal
from shugang.policy.text import Text
from shugang.ui.formats import size


def wrong_type(zh: str, en: str) -> Refusal:
    return Refusal(
        "wrong_file_type",
        Text(
            f"{zh}请上传CSV（.csv、.csv.gz）或Parquet（.parquet）文件。",
            f"{en} Please upload CSV (.csv, .csv.gz) or Parquet.",
        ),
        422,
    )


def broken(zh: str, en: str, code: str = "broken_file") -> Refusal:
    return Refusal(code, Text(zh, en), 422)


def too_large(limit: int) -> Refusal:
    shown = size(limit)
    return Refusal(
        "file_too_large",
        Text(
            f"文件超过{shown}的上限，请压缩为.csv.gz或拆分后再传。",
            f"The file exceeds {shown}. Please compress or split it.",
        ),
        413,
    )


def inflates_too_far(limit: int) -> Refusal:
    return Refusal(
        "file_too_large",
        Text(
            f"压缩文件解开后超过{size(limit)}的上限，请拆分后再传。",
            f"The compressed file unfolds beyond {size(limit)}. Please split it.",
        ),
        413,
    )


def at_row(line: int, zh: str, en: str) -> Refusal:
    """`line`: the line of the file, counted from 1 with the header, as an editor shows it."""
    return Refusal(
        "broken_csv",
        Text(f"第{line}行{zh}请修改后重新上传。", f"Line {line}: {en} Please correct it and upload again."),
        422,
        {"file": Text(f"第{line}行", f"line {line}")},
    )
