"""`shugang rotate-log-key`: new signing keys for the evidence log; what the former signed stays verifiable."""

from __future__ import annotations

from datetime import timedelta


def rotate(overlap_days: int) -> int:
    from shugang.kernel import logkeys, sequencer
    from shugang.kernel.actors import SYSTEM

    if overlap_days < 0:
        print("天数不能为负。/ The days cannot be negative.")
        return 2
    for key in logkeys.rotate(SYSTEM, sequencer.origin(), timedelta(days=overlap_days)):
        print(f"新公钥 / new key ({key.algorithm}): {key.vkey}")
    print(
        "请在原来公布公钥的每个渠道公布新公钥，并通知见证方。旧公钥请继续公布：它签过的检查点永远用它核验。\n"
        "Publish the new keys wherever the former were published, and tell the witnesses. Keep publishing the former: "
        "what they signed is verified with them for ever."
    )
    return 0
