"""`shugang trace-leak FILE`: whose copy a leaked file is, with a score and the chance of being wrong."""

from __future__ import annotations

import sys
from pathlib import Path


def run(file: str, maps: list[str], dataset: str) -> int:
    """0 when somebody is named, 1 when nobody is, 2 when the file cannot be compared."""
    from shugang.delivery.marks.services import trace_leak
    from shugang.kernel.actors import SYSTEM
    from shugang.kernel.errors import Refusal

    names = dict(part.split("=", 1) for part in maps if "=" in part)
    try:
        tracings = trace_leak(SYSTEM, Path(file), names, dataset)
    except Refusal as refusal:
        print(f"{refusal.message.zh}\n{refusal.message.en}", file=sys.stderr)
        return 2
    for tracing in tracings:
        print(f"{tracing.file}  SHA-256 {tracing.sha256}  {tracing.rows} 行 / rows")
        print(f"数据集 / data set {tracing.dataset}；共比对 {tracing.compared} 份授权 / grants compared")
        print(
            f"{'授权 / grant':<18}{'分数 / z':>10}{'误指概率不超过 / chance of error':>30}{'诱饵 / canaries':>16}  接收方 / recipient"
        )
        for finding in tracing.findings[:10]:
            mark = "→" if finding.named else " "
            print(
                f"{mark} {finding.grant.number:<16}{finding.z:>10.2f}{finding.bound:>30.1e}{finding.canaries:>16}"
                f"  {finding.grant.grantee.name}（{finding.grant.contract}）"
            )
        if not tracing.named:
            print("没有达到指认标准的接收方。 / Nobody is beyond the threshold, so nobody is named.")
    return 0 if any(tracing.named for tracing in tracings) else 1
