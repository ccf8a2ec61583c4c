"""What the pages show, gathered for their templates."""

from __future__ import annotations

from typing import Any

from shugang.kernel import queries as cases
from shugang.kernel import sequencer
from shugang.kernel.actors import Actor
from shugang.kernel.forms import Field
from shugang.kernel.models import Event
from shugang.parties.models import Party
from shugang.policy.text import Text
from shugang.ui.formats import fen

from . import facts, guards, order_guards, queries
from .forms import OBJECTS, OFFER
from .kinds import LEVELS, RESULTS, ServiceKind, shipped_labels
from .models import ServiceOffer, ServiceOrder, SignedReport
from .services import may_order_withdrawal
from .words import OFFER_STATES, REPORT_STATES

QUOTED = Text("逐单报价", "Quoted by order")
CLOSED = Text("没有公开", "Not public")
COUNTED = (
    Text("按时：首次交付不晚于约定的工作日；等待数据期间停止计时。", "On time: first delivered by the agreed working day; the clock stops while data is awaited."),
    Text("一次通过：委托方验收，没有提出异议。", "Accepted at first: taken by the client without an objection."),
    Text("异议成立：机构接受，或运营机构认定成立。", "Upheld: granted by the agency, or decided so by the operator."),
    Text("撤回：生效以后又收回的报告。", "Withdrawn: reports taken back after they stood."),
    Text(f"不足{facts.FEWEST}单只列次数，不算百分比。没有任何一项由委托方打分。",
         f"Fewer than {facts.FEWEST} orders: counts only, no percentage. Nothing here is a score that clients give."),
)  # fmt: skip


def price(offer: ServiceOffer) -> Text:
    plan = offer.plan
    return QUOTED if plan is None else Text(fen(plan.price_fen), fen(plan.price_fen))


def known(code: str) -> Text:
    """The kind in words, as the rules in force call it; a kind that they dropped keeps its code."""
    found = guards.kinds().get(code)
    return found.label if found else shipped_labels().get(code, Text(code, code))


def share(found: facts.Share) -> Text:
    if found.bp is None:
        return Text(f"{found.part}／{found.whole}单", f"{found.part} of {found.whole}")
    percent = f"{found.bp / 100:.1f}%"
    return Text(f"{percent}（{found.part}／{found.whole}单）", f"{percent} ({found.part} of {found.whole})")


def rating_rows(found: facts.Rating) -> list[tuple[Text, Text]]:
    return [
        (Text("办结的委托", "Finished orders"), Text(f"{found.orders}单", str(found.orders))),
        (Text("按时交付", "Delivered on time"), share(found.on_time)),
        (Text("一次通过", "Accepted at first"), share(found.first_time)),
        (Text("异议", "Objections"), Text(f"{found.objections}次，成立{found.upheld}次", f"{found.objections}, upheld {found.upheld}")),
        (Text("撤回的报告", "Reports withdrawn"), Text(f"{found.withdrawn}份", str(found.withdrawn))),
        (Text("中途辞任", "Resigned"), Text(f"{found.resigned}单", str(found.resigned))),
    ]  # fmt: skip


def rating_json(found: facts.Rating) -> dict[str, Any]:
    return {
        "orders": found.orders,
        "on_time": {"part": found.on_time.part, "whole": found.on_time.whole, "bp": found.on_time.bp},
        "accepted_at_first": {"part": found.first_time.part, "whole": found.first_time.whole, "bp": found.first_time.bp},
        "objections": found.objections, "upheld": found.upheld, "withdrawn": found.withdrawn, "resigned": found.resigned,
    }  # fmt: skip


def chart(outcomes: list[facts.Outcome], words: tuple[str, str, str]) -> dict[str, Any]:
    """Finished orders by quarter, on time and not, stacked; `words` in the reader's language."""
    series = facts.by_quarter(outcomes)
    return {
        "type": "bar", "unit": words[0], "x": [name for name, _, _ in series],
        "series": [{"name": words[1], "data": [good for _, good, _ in series], "stack": "orders"},
                   {"name": words[2], "data": [bad for _, _, bad in series], "stack": "orders"}],
    }  # fmt: skip


def offer_row(offer: ServiceOffer) -> dict[str, Any]:
    rating = facts.rate(queries.public_outcomes(offer.agency, offer.kind))
    return {"offer": offer, "kind": known(offer.kind), "price": price(offer), "rating": rating, "on_time": share(rating.on_time)}  # fmt: skip


def offer_json(offer: ServiceOffer) -> dict[str, Any]:
    held = guards.in_force(offer)
    return {
        "number": offer.number, "kind": offer.kind, "kind_label": known(offer.kind).zh, "title": offer.title,
        "title_en": offer.title_en, "scope": offer.scope_zh, "scope_en": offer.scope_en, "price_plan": offer.price_plan,
        "days": offer.days, "state": offer.state,
        "agency": {"number": offer.agency.number, "name": offer.agency.name, "name_en": offer.agency.name_en},
        "qualification": {
            "name": held.name, "number": held.number, "issuer": held.issuer, "valid_until": held.valid_until.isoformat(),
        } if held else None,
    }  # fmt: skip


def agency_json(agency: Party) -> dict[str, Any]:
    outcomes = queries.public_outcomes(agency)
    return {
        "number": agency.number, "name": agency.name, "name_en": agency.name_en, "uscc": agency.uscc, "status": agency.status,
        "offers": [offer_json(o) for o in queries.public_agency_offers(agency)],
        "rating": rating_json(facts.rate(outcomes)),
        "by_quarter": [{"quarter": q, "on_time": good, "late_or_undelivered": bad} for q, good, bad in facts.by_quarter(outcomes)],
    }  # fmt: skip


def rule_rows(kind: ServiceKind) -> list[tuple[Text, Text | str]]:
    """What the profile asks of this kind, in words."""
    who = {
        "all": Text("机构任何人员都不能属于委托方或数据持有方", "nobody of the agency may belong to client or holder"),
        "acting": Text("办理人不能属于委托方或数据持有方", "who acts may not belong to client or holder"),
    }[kind.people]
    rows: list[tuple[Text, Text | str]] = [
        (Text("需要的资质", "Qualification needed"), kind.qualification),
        (Text("出具", "Gives"), kind.report),
        (Text("回避", "Independence"), who),
    ]
    if kind.after:
        names = [known(code) for code in kind.after]
        rows.append((
            Text("不能自评", "No self-review"),
            Text(f"做过同一对象{'、'.join(n.zh for n in names)}的机构不能承接",
                 f"not after {', '.join(n.en.lower() for n in names)} on the same object"),
        ))  # fmt: skip
    if kind.rotation:
        per = {"client": Text("同一委托方", "one client"), "object": Text("同一对象", "one object")}[kind.rotation.per]
        rows.append((
            Text("轮换", "Rotation"),
            Text(f"{per.zh}连续不超过{kind.rotation.most}次", f"at most {kind.rotation.most} in a row for {per.en}"),
        ))  # fmt: skip
    signed = Text("起草人与签署人须为两人", "author and signer are two people")
    rows.append((Text("签署", "Signing"), signed if kind.four_eyes else Text("签署人一人", "one signer")))
    months = kind.validity_months
    rows.append((Text("报告有效期", "Validity of reports"), Text(f"最长{months}个月", f"{months} months at most")))
    return rows


def offer_fields() -> list[Field]:
    """The form of an offer with the kinds that the rules know as choices."""
    choices = tuple((k.code, k.label) for k in guards.kinds().values())
    return [_choice(f, choices) if f.name == "kind" else f for f in OFFER.fields]


def _choice(asked: Field, choices: tuple[tuple[str, Text], ...]) -> Field:
    return Field(asked.name, "choice", asked.label, asked.hint, asked.required, choices)


def offer_context(offer: ServiceOffer, actor: Actor) -> dict[str, Any]:
    label, tone = OFFER_STATES[offer.state]
    return {
        "offer": offer, "case": offer.case, "view": cases.view(offer.case, actor), "kind": known(offer.kind),
        "price": price(offer), "label": label, "tone": tone,
        "qualifications": list(offer.qualifications.order_by("-valid_until", "-pk")), "held": guards.in_force(offer),
    }  # fmt: skip


def order_context(order: ServiceOrder, actor: Actor) -> dict[str, Any]:
    view = cases.view(order.case, actor)
    reports = queries.reports(actor).filter(case=order.case).order_by("-pk")
    return {
        "order": order, "case": order.case, "view": view, "kind": known(order.kind), "reports": [report_row(r) for r in reports],
        "facts": [
            (Text("委托方", "Client"), order.client.name), (Text("机构", "Agency"), order.agency.name),
            (Text("费用", "Fee"), fen(order.fee_fen) if order.fee_fen is not None else None),
            (Text("办理期限", "Days of work"), Text(f"{order.days}个工作日", f"{order.days} working days") if order.days else None),
        ],
        "subject": dict(OBJECTS).get(order.object_kind), "form": order.case.data,
        "draft": order.draft if order.case.state == "drafted" and order.agency_id == actor.party_id else None,
        "context_line": f"report:{order.number}", "rules": rule_rows(order_guards.kind_of(order)),
    }  # fmt: skip


def report_row(report: SignedReport) -> dict[str, Any]:
    state = queries.standing(report)
    label, tone = REPORT_STATES[state]
    result, result_tone = RESULTS[report.result]
    return {"report": report, "kind": known(report.kind), "label": label, "tone": tone, "result": result, "result_tone": result_tone}  # fmt: skip


def conclusion(report: SignedReport) -> list[tuple[Text, Any]]:
    """The structured conclusion in words; a listing's opinion has its own answers and no summary."""
    said = report.content
    rows: list[tuple[Text, Any]] = []
    if "score" in said:
        rows.append((Text("得分", "Score"), str(said["score"])))
    if "amount" in said:
        rows.append((Text("评估值", "Appraised value"), fen(int(said["amount"]))))
    if "level" in said:
        rows.append((Text("风险等级", "Risk level"), LEVELS[said["level"]]))
    rows.append((Text("摘要", "Conclusion"), said.get("summary") or said.get("opinion", "")))
    version = report.version
    return [
        *rows,
        (Text("委托方", "Client"), Text(report.client.name, report.client.name_en or report.client.name)),
        (Text("对象", "Object"), report.object_number or None),
        (Text("数据版本", "Version of the data"), f"{version.dataset.number} v{version.version}" if version else None),
    ]


def report_context(report: SignedReport, whole: bool, actor: Actor) -> dict[str, Any]:
    event = Event.objects.filter(kind="report.signed", refs__kind="report", refs__key=report.number).first()
    client = report.client_id == actor.party_id and "handler" in actor.duties
    signer = report.agency_id == actor.party_id and "signer" in actor.duties
    stands = report.state == SignedReport.State.STANDING
    ordered = ServiceOrder.objects.visible_to(actor).filter(case=report.case).exists()
    return {
        **report_row(report), "title": _title(report), "whole": whole, "conclusion": conclusion(report) if whole else [],
        "proof": sequencer.proof_state(event), "file": report.file if whole and _may_open(report, actor) else None,
        "publishes": client and stands and ordered, "withdraws": stands and (signer or may_order_withdrawal(actor)),
        "case_link": queries.reports(actor).filter(pk=report.pk).exists(), "ordered": ordered,
    }  # fmt: skip


def _title(report: SignedReport) -> Text:
    """What the rules in force call a report of this kind."""
    kind = guards.kinds().get(report.kind)
    return kind.report if kind else known(report.kind)


def _may_open(report: SignedReport, actor: Actor) -> bool:
    """The file itself is opened by who takes part in the case; publishing shows the conclusion, not the file."""
    return queries.reports(actor).filter(pk=report.pk).exists()
