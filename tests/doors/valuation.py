"""Doors of appraisal and book cost."""

from __future__ import annotations

from shugang.assets.valuation.testing import answers, book, engagement

from .base import OPEN, OWN, Door, api, both, post, read

PAPER = "/desk/appraisals/<case:appraising>/paper"
ISSUED = "/desk/appraisals/<case:appraised>"


def _paper(things: object) -> dict[str, str]:
    """As a browser sends it: a ticked box is 1."""
    return {k: "1" if v is True else v for k, v in answers().items()}


def _again(things: object) -> dict[str, str]:
    return {**_paper(things), "seed": "9"}


def _book(things: object) -> dict[str, str]:
    return book(title="示例成本表二")


def _engagement(things: object) -> dict[str, str]:
    return {**engagement(), "appraiser": "<reviewer>"}


DESK: tuple[Door, ...] = (
    read("/desk/appraisals", "gongfang", OWN),
    *both("/desk/appraisals/new/<asset:air>", "gongfang", _engagement),
    read("/desk/appraisals/<case:appraising>", "pinggu", readers=("gongfang",)),
    read(ISSUED, "gongfang", readers=("pinggu", "jianguan")),
    *both(PAPER, "pinggu", _again),
    post(f"{PAPER}/preview", "pinggu", _paper, ok=(200,), unchanged=True),
    read(f"{ISSUED}/paper.json", "gongfang", readers=("pinggu",)),
    read(f"{ISSUED}/paper.csv", "gongfang", readers=("pinggu",)),
    read(f"{ISSUED}/report.pdf", "gongfang", readers=("pinggu",)),
    read("/desk/book-costs", "gongfang", OWN),
    *both("/desk/book-costs/new", "gongfang", _book, reach=OWN),
    *both("/desk/book-costs/<book>", "gongfang", _book),
    read("/desk/book-costs/<book>/sheet.csv", "gongfang"),
    read("/verify/<appraisal>", reach=OPEN),
)
API: tuple[Door, ...] = (
    api("GET", "/appraisals", "gongfang", reach=OWN),
    api("GET", "/appraisals/forms", "", reach=OPEN),
    api("POST", "/appraisals/trial", "gongfang", lambda things: {"answers": answers(), "base_date": engagement()["base_date"]},
        reach=OWN, unchanged=True, administrators=True),
    api("GET", "/appraisals/<case:appraised>", "gongfang", readers=("pinggu", "jianguan")),
    api("POST", "/appraisals", "gongfang", lambda things: {"asset": "<asset:air>", "appraiser": "<reviewer>", "form": engagement()}),
    api("PUT", "/appraisals/<case:appraising>/paper", "pinggu", lambda things: {"answers": answers(seed="9")}),
    api("GET", "/book-costs", "gongfang", reach=OWN),
    api("GET", "/book-costs/<book>", "gongfang"),
    api("POST", "/book-costs", "gongfang", lambda things: {"answers": _book(things)}, reach=OWN),
    api("PUT", "/book-costs/<book>", "gongfang", lambda things: {"answers": _book(things)}),
)  # fmt: skip
DOORS = (*DESK, *API)
