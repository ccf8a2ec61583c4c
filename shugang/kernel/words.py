"""Events in words: the procedures' own tables, and what each wing registers for its other events."""

from __future__ import annotations

from collections.abc import Mapping

from shugang.policy.text import Text

from .procedure import event_label

_labels: dict[str, Text] = {}


def register(labels: Mapping[str, Text]) -> None:
    """Words for kinds of events; a kind that is registered already keeps its words."""
    for kind, label in labels.items():
        _labels.setdefault(kind, label)


def sentence(kind: str) -> Text:
    """What an event says to people. An unknown kind shows its own name rather than nothing."""
    if kind.endswith(".vote"):
        step = event_label(kind.removesuffix(".vote"))
        if step:
            return Text(step.zh + "（其中一方）", step.en + " (one side)")
    return event_label(kind) or _labels.get(kind) or Text(kind, kind)
