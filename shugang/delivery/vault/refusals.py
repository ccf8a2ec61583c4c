"""Why a file is not taken, in words that say where and what to do. No Django: the converting child speaks them too."""

from __future__ import annotations

from shugang.kernel.errors import Refusal
from shugang.policy.text import Text
from shugang.ui.formats import size

TYPES = Text(
    "请上传CSV、TSV、JSON（.json、.jsonl，均可用.gz压缩）、Excel（.xlsx）或Parquet文件。",
    "Please upload CSV, TSV, JSON (.json, .jsonl; each also as .gz), Excel (.xlsx) or Parquet.",
)


def wrong_type(zh: str, en: str) -> Refusal:
    return Refusal("wrong_file_type", Text(f"{zh}{TYPES.zh}", f"{en} {TYPES.en}"), 422)


def broken(zh: str, en: str, code: str = "broken_file") -> Refusal:
    return Refusal(code, Text(zh, en), 422)


def empty() -> Refusal:
    return broken(
        "文件是空的。请检查后重新上传。", "The file is empty. Please check it and upload again.", "empty_file"
    )


def no_rows() -> Refusal:
    return broken(
        "文件只有表头，没有数据行。请检查后重新上传。", "The file has a header but no rows. Please check it.", "no_rows"
    )


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


def too_heavy() -> Refusal:
    return broken(
        "文件太复杂，转换超出了内存或时间的上限。请拆分文件、减少列数，Parquet请改用较小的行组（row group）。",
        "Converting the file takes more memory or time than is allowed. Please split it, or use smaller row groups.",
        "too_heavy",
    )


def failed() -> Refusal:
    return broken(
        "文件无法转换，转换程序中止了。请用其他工具打开检查，另存后重新上传。",
        "The file cannot be converted; the converter gave up. Please open it with another tool and save it anew.",
        "conversion_failed",
    )


def no_room() -> Refusal:
    return Refusal(
        "no_room",
        Text(
            "平台磁盘空间不足，已上传的内容没有丢失。请联系平台运营方，稍后重试。",
            "The platform's disk is full; nothing that was uploaded is lost. Please tell the operator and try later.",
        ),
        507,
    )


def other_digest() -> Refusal:
    return broken(
        "收到的内容与您给出的SHA-256不符，请重新上传。",
        "What arrived does not have the SHA-256 that you stated. Please upload it again.",
        "other_digest",
    )


def bad_columns(zh: str, en: str) -> Refusal:
    return broken(zh, en, "bad_columns")


def at_row(line: int, zh: str, en: str, code: str = "broken_csv", unit: tuple[str, str] = ("行", "Line")) -> Refusal:
    """`line`: the line of the file (the row of a sheet, the record of an array), counted from 1 as an editor shows it."""
    return Refusal(
        code,
        Text(f"第{line}{unit[0]}{zh}请修改后重新上传。", f"{unit[1]} {line}: {en} Please correct it and upload again."),
        422,
        {"file": Text(f"第{line}{unit[0]}", f"{unit[1].lower()} {line}")},
    )
