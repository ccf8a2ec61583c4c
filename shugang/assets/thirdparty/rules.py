"""Independence and rotation as pure functions: who may not judge whom, and how often in a row.

Source of the rotation: the rules on data-security risk assessment (2026-08-20), an assessor may not assess one client
"连续3次以上"; 以上 includes the number, so at most two in a row. The number itself is data of the profile.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence


def in_a_row(history: Sequence[int], agency: int) -> int:
    """How many of the latest engagements were the agency's without another in between; `history` is oldest first."""
    count = 0
    for one in reversed(history):
        if one != agency:
            break
        count += 1
    return count


def rotation_allows(history: Sequence[int], agency: int, most: int) -> bool:
    """Whether one more engagement keeps within `most` in a row (at least 1)."""
    if most < 1:
        raise ValueError("a rotation rule allows at least one engagement")
    return in_a_row(history, agency) < most


def connected(agency: int, own_people: Collection[int], others: Collection[int], their_people: Collection[int]) -> str:
    """ "party" when the agency is one of the others, "people" when somebody belongs to both, "" when neither."""
    if agency in others:
        return "party"
    return "people" if set(own_people) & set(their_people) else ""
