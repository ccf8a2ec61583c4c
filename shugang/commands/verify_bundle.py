"""`shugang verify-bundle FILE`: an evidence bundle, offline, from the log's public key. Needs no database and no trust."""

from __future__ import annotations

import sys
from pathlib import Path

from shugang.evidence.bundle import verify_bundle
from shugang.evidence.errors import FormatError

WORDS = {
    "files": "个文件 / files", "proofs": "条收录证明 / proofs of inclusion", "signatures": "个签名 / signatures",
    "quotations": "版报价 / quotations", "bills": "份账单 / bills", "evidence": "份证据 / pieces of evidence",
    "decisions": "份和解或裁决 / decisions", "acknowledgements": "份签收 / acknowledgements", "uses": "条用量 / uses",
}  # fmt: skip


def _key(text: str) -> str:
    """A vkey, or a file that holds one."""
    path = Path(text)
    return path.read_text(encoding="utf-8").strip() if "+" not in text or path.is_file() else text


def run(file: str, keys: list[str]) -> int:
    """Exit code 0 when everything verifies, 1 when anything does not, 2 when there was nothing to check or no key."""
    if not keys:
        print(
            "请用 --key 给出日志公钥（平台网址/log/vkey）。/ Give the log's key with --key (…/log/vkey).",
            file=sys.stderr,
        )
        return 2
    try:
        report = verify_bundle(Path(file).read_bytes(), [_key(k) for k in keys])
    except OSError as error:
        print(f"读不到文件 / cannot be read: {error}", file=sys.stderr)
        return 2
    except FormatError as error:
        print(f"公钥读不懂 / not a log key: {error}", file=sys.stderr)
        return 2
    for finding in report.findings:
        print(f"✗ {finding.code}  {finding.path}  {finding.detail}")
    if not report.ok:
        print("证据包核验不符。/ The bundle does NOT verify.")
        return 1
    said = report.manifest
    print(
        f"✓ 争议{said['dispute']}，合同{said['contract']}，{said['made_at']}导出。/ Dispute, contract, when exported."
    )
    for name, count in report.checked.items():
        if count:
            print(f"✓ {count}{WORDS[name]}")
    for line in said["withheld"]:
        print(f"· 未包含 / left out: {line}")
    return 0
