"""This room's events in words."""

from __future__ import annotations

from shugang.policy.text import Text

EVENTS = {
    "appraisal.issued": Text("评估报告出具", "Appraisal report issued"),
    "appraisal.superseded": Text("评估报告被新报告替代", "Appraisal report replaced by a new one"),
    "appraisal.revoked": Text("评估报告撤回", "Appraisal report withdrawn"),
    "appraisal.lapsed": Text("评估报告超过有效期", "Appraisal report past its validity"),
    "appraisal.paper_saved": Text("评估底稿保存为新的一版", "New version of the working paper"),
    "book_cost.saved": Text("入表成本表保存为新的一版", "New version of a cost sheet"),
}
