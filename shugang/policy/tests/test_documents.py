"""The generated document is the table in force."""

from pathlib import Path

from shugang.policy.docs import lines
from shugang.policy.guarantees import HELD, MODES
from shugang.policy.purposes import PURPOSES
from shugang.policy.refusals import REFUSALS

DOCUMENT = Path(__file__).parents[3] / "docs" / "terms.md"


def test_every_term_and_code_has_its_row() -> None:
    text = "\n".join(lines())
    for code in [*HELD, *PURPOSES, *REFUSALS]:
        assert f"`{code}`" in text
    absent = sum(len(MODES) - len(row) for row in HELD.values())
    assert text.count("不适用，拒绝 / refused") == absent


def test_the_committed_document_is_current() -> None:
    assert DOCUMENT.read_text("utf-8") == "\n".join(lines()) + "\n"
