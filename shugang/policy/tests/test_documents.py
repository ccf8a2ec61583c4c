"""The generated document is the table in force."""

from pathlib import Path

from shugang.policy.docs import lines
from shugang.policy.guarantees import HELD, MODES
from shugang.policy.purposes import PURPOSES
from shugang.policy.refusals import REFUSALS

DOCUMENT = Path(__file__).parents[3] / "docs" / "terms.md"


def test_every_term_and_code_has_its_row() -> None:
    text = "\n".join(lines())
    offered = {key: row for key, row in HELD.items() if MODES.keys() & row.keys()}
    for code in [*offered, *PURPOSES, *REFUSALS]:
        assert f"`{code}`" in text
    absent = sum(len(MODES.keys() - row.keys()) for row in offered.values())
    assert text.count("不适用，拒绝 / refused") == absent


def test_the_committed_document_is_current() -> None:
    assert DOCUMENT.read_text("utf-8") == "\n".join(lines()) + "\n"
