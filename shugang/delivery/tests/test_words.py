"""Whatever a plane may answer is shown in words, never as a code."""

from __future__ import annotations

from shugang.delivery.words import REASONS, REFUSAL_LABELS, word
from shugang.policy.refusals import REFUSALS


def test_every_refusal_has_its_words():
    assert not [code for code in REFUSALS if code not in REFUSAL_LABELS and code not in REASONS]
    assert word("sql_output_rule").zh == "可能透露单条记录，只给统计结果" and word("sql_output_rule").en.startswith(
        "Might"
    )
