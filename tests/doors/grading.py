"""Doors of grading and of the security review."""

from __future__ import annotations

from typing import Any

from demo import registration, security

from .base import OPEN, OWN, Door, api, both, post, read

DESK = "/desk/grading/<grading:confirming>"
DECISION = {"object": "organisation", "degree": "serious", "reason": "经核对。"}
INPUT = {"dataset": "<dataset:clinics>", "version": "1", "how": "按城市汇总。"}
LOWERING = {"method": "mask", "to_level": "1", "statement": "站点名截断。"}
SIDES = ("fuhe", "jianguan")


def _form(_things: dict[str, Any]) -> dict[str, Any]:
    return {**security.review_form(registration.SOURCES[0]), "measures": "示例更正后的措施。"}


def _posted(things: dict[str, Any]) -> dict[str, Any]:
    return {**_form(things), "declaration": "on", "operator": things["operator"].number}


def _ungraded(client: Any) -> None:
    """The data set that nobody graded gets a grade, so that its review may be applied for."""
    from demo.stage import Stage
    from shugang.assets.grading.services import accept_all
    from shugang.delivery.models import Dataset
    from shugang.kernel import engine
    from shugang.parties.accounts.actor import actor_for
    from shugang.parties.accounts.models import Person

    people = {n: actor_for(Person.objects.get(username=n), second_factor=True) for n in ("gongfang", "gongshen")}
    case = security.grade(Stage(0, things=people), Dataset.objects.get(name="示例数据free").number).case
    accept_all(people["gongfang"], case.number)
    engine.act(case.number, "submit", people["gongfang"])
    engine.act(case.number, "approve", people["gongshen"])


GRADING: tuple[Door, ...] = (
    read("/grading", reach=OPEN),
    read("/grading?person=serious&public=general", reach=OPEN),
    read("/desk/grading", "gongfang", OWN),
    post("/desk/grading/start", "gongfang", {"dataset": "<dataset:free>"}),
    read(DESK, "gongfang", readers=("jianguan",)),
    read("/desk/grading/<grading:air>", "gongfang", readers=("jianguan",)),
    read(f"{DESK}.csv", "gongfang", readers=("jianguan",)),
    read(f"{DESK}.json", "gongfang", readers=("jianguan",)),
    post(f"{DESK}/accept", "gongfang", {"column": ""}),
    post(f"{DESK}/undo", "gongfang", {"batch": "<batch>"}),
    post(f"{DESK}/facts", "gongfang", {"scale": "5000", "precision_m": "100"}),
    post(f"{DESK}/inputs", "gongfang", INPUT),
    *both(f"{DESK}/columns/1", "gongfang", DECISION),
    *both("/desk/grading/lowering/<derivation>", "gongfang", LOWERING),
)
WITHDRAWAL = {"batch": "第2批", "reason": "该批个人撤回同意。", "confirmed": "1"}


def _on_consent(client: Any) -> None:
    from shugang.assets.models import SecurityReview

    for review in SecurityReview.objects.all():
        review.form |= {"personal_basis": "consent", "basis_text": "单独同意书。"}
        review.save(update_fields=["form"])


REVIEWS: tuple[Door, ...] = (
    read("/desk/security-reviews", "gongfang", OWN, readers=("fuhe",)),
    *both("/desk/security-reviews/new/<dataset:free>", "gongfang", _posted, prepare=_ungraded),
    post("/desk/security-reviews/new/<dataset:secure>/anonymity", "gongfang", {"columns": "station"}),
    read("/desk/security-reviews/<security:secure>", "gongfang", readers=SIDES),
    *both("/desk/security-reviews/<security:returned>/resubmit", "gongfang", _posted),
    *both("/desk/security-reviews/<security:secure>/withdraw-basis", "gongfang", WITHDRAWAL, prepare=_on_consent),
)
API: tuple[Door, ...] = (
    api("GET", "/grading/matrix", "", reach=OPEN),
    api("GET", "/grading/forms", "", reach=OPEN),
    api("GET", "/gradings", "gongfang", reach=OWN),
    api("POST", "/gradings", "gongfang", {"dataset": "<dataset:free>"}),
    api("GET", "/gradings/<grading:confirming>", "gongfang", readers=("jianguan",)),
    api("PUT", "/gradings/<grading:confirming>/columns/at", "gongfang", DECISION),
    api("POST", "/gradings/<grading:confirming>/acceptance", "gongfang", {}),
    api("POST", "/gradings/<grading:confirming>/undo", "gongfang", {"batch": "<batch>"}),
    api("PUT", "/gradings/<grading:confirming>/facts", "gongfang", {"scale": 6000}),
    api("POST", "/derivations", "gongfang", {"dataset": "<dataset:confirming>", "source_dataset": "<dataset:clinics>",
                                             "source_version": 1, "how": "按城市汇总。"}),
    api("POST", "/lowerings", "gongfang", lambda things: {
        **LOWERING, "source": f"{things['dataset:air'].number} v1", "version": f"{things['dataset:confirming'].number} v1"}),
    api("GET", "/security-reviews/form", "", reach=OPEN),
    api("GET", "/security-reviews", "gongfang", reach=OWN),
    api("POST", "/security-reviews", "gongfang",
        lambda things: {"dataset": things["dataset:free"].number, "operator": things["operator"].number, "form": _form(things)},
        prepare=_ungraded),
    api("GET", "/security-reviews/<security:secure>", "gongfang", readers=SIDES),
    api("POST", "/security-reviews/<security:secure>/basis-withdrawal", "gongfang", WITHDRAWAL | {"confirmed": True}, prepare=_on_consent),
    api("POST", "/anonymity-checks", "gongfang", {"dataset": "<dataset:secure>", "columns": ["station"]}),
)  # fmt: skip
DOORS = (*GRADING, *REVIEWS, *API)
