"""Terms as an ODRL 2.2 Agreement under our profile (W3C ODRL Information Model, §§2.1–2.6).

Words that ODRL has are ODRL's; the others are `sg:` and defined in `data/odrl-context.jsonld`. What the
policy does not permit is prohibited (`conflict: prohibit`), as in our own reading.
"""

import json
from importlib import resources
from typing import Any

from shugang.policy.codec import Json, to_iso
from shugang.policy.vocabulary import MarkedColumn, Mask, RowFilter, Terms

ODRL_CONTEXT = "http://www.w3.org/ns/odrl.jsonld"
PROFILE = "urn:shugang:odrl:1"
ACTION_WORDS = {
    "read": "odrl:read",
    "query": "sg:query",
    "compute": "sg:compute",
    "download": "sg:download",
    "redistribute": "odrl:distribute",
    "train": "sg:train",
}
OPERATOR_WORDS = {
    "eq": "odrl:eq",
    "ne": "odrl:neq",
    "in": "odrl:isAnyOf",
    "ge": "odrl:gteq",
    "gt": "odrl:gt",
    "le": "odrl:lteq",
    "lt": "odrl:lt",
    "not_null": "sg:notNull",
}


# Where each row of the table of guarantees stands in the ODRL document; a test holds the two together.
WRITTEN: dict[str, str] = {
    "subject": "`assignee`",
    "action": "`permission.action`",
    "purpose": "`permission.constraint` `odrl:purpose`",
    "period": "`permission.constraint` `odrl:dateTime`",
    "fields": "`target.refinement` `sg:columns`",
    "rows": "`target.refinement` `sg:value`",
    "masks": "`target.refinement` `sg:mask`",
    "quota": "`permission.constraint` `odrl:count`",
    "rate": "`permission.constraint` `sg:rate`",
    "place": "`permission.constraint` `sg:network`",
    "environment": "`permission.constraint` `sg:environment`",
    "output": "`permission.constraint` `sg:smallestGroup`",
    "mark": "`target.refinement` `sg:mark`",
    "redistribute": "`prohibition` `odrl:distribute`",
    "log": "`obligation` `sg:keepLog`",
    "notify": "`obligation` `odrl:inform`",
    "delete_after": "`obligation` `odrl:delete`",
    "attribution": "`obligation` `odrl:attribute`",
    "notes": "`sg:notes`",
}


def context() -> Json:
    """The profile's own JSON-LD context, as stored beside the code."""
    text = resources.files("shugang.policy").joinpath("data/odrl-context.jsonld").read_text("utf-8")
    return dict(json.loads(text)["@context"])


def to_odrl(
    terms: Terms,
    uid: str = "urn:shugang:terms",
    target: str = "urn:shugang:asset",
    assigner: str = "urn:shugang:supplier",
    assignee: str = "urn:shugang:buyer",
) -> Json:
    """JSON-LD of the terms: one permission per action over the same refined target, duties, prohibitions."""
    parties = {"assigner": assigner, "assignee": assignee}
    asset = {"@type": "AssetCollection", "source": target, "refinement": _refinements(terms)}
    permissions = [
        {"action": ACTION_WORDS[action], "target": asset, **parties, "constraint": _constraints(terms)}
        for action in terms.actions
    ]
    document: Json = {
        "@context": [ODRL_CONTEXT, context()],
        "@type": "Agreement",
        "uid": uid,
        "profile": PROFILE,
        "conflict": "prohibit",
        "permission": permissions,
        "obligation": [{**duty, **parties} for duty in _duties(terms, target)],
    }
    if not terms.redistribute:
        document["prohibition"] = [{"action": "odrl:distribute", "target": target, **parties}]
    if terms.notes:
        document["sg:notes"] = terms.notes
    return document


def _constraint(left: str, operator: str, right: Any, **more: Any) -> Json:
    return {"@type": "Constraint", "leftOperand": left, "operator": operator, "rightOperand": right, **more}


def _constraints(terms: Terms) -> list[Json]:
    found = [
        _constraint("odrl:purpose", "odrl:eq", f"sg:purpose/{terms.purpose}"),
        _constraint("odrl:dateTime", "odrl:gteq", _moment(to_iso(terms.valid_from))),
        _constraint("odrl:dateTime", "odrl:lt", _moment(to_iso(terms.valid_until))),
    ]
    for quota in terms.quotas:
        more: Json = {"unit": f"sg:{quota.unit}", "sg:per": quota.per, "sg:counts": quota.counts}
        found.append(_constraint("odrl:count", "odrl:lteq", quota.limit, **more))
    if terms.rate:
        more = {"unit": "sg:callsPerSecond", "sg:burst": terms.rate.burst}
        found.append(_constraint("sg:rate", "odrl:lteq", terms.rate.per_second, **more))
    if terms.networks:
        found.append(_constraint("sg:network", "odrl:isAnyOf", list(terms.networks)))
    if terms.environment is not None:
        found.append(_constraint("sg:environment", "odrl:eq", f"sg:environment/{terms.environment}"))
    if terms.output:
        found.append(_constraint("sg:smallestGroup", "odrl:gteq", terms.output.min_group))
    return found


def _moment(text: str) -> Json:
    return {"@value": text, "@type": "xsd:dateTime"}


def _refinements(terms: Terms) -> list[Json]:
    columns = _constraint("sg:columns", "odrl:eq", {"@list": list(terms.fields)})
    found = [columns, *(_row(row) for row in terms.rows), *(_mask(mask) for mask in terms.masks)]
    if terms.mark is not None:
        names: Json = {"sg:keyColumns": list(terms.mark.key_columns), "sg:canaries": terms.mark.canaries}
        found.append(_constraint("sg:mark", "odrl:eq", {"@list": [_carrier(m) for m in terms.mark.columns]}, **names))
    return found


def _carrier(marked: MarkedColumn) -> Json:
    return {"sg:column": marked.column, "sg:decimals": marked.decimals}


def _row(row: RowFilter) -> Json:
    right = list(row.value) if isinstance(row.value, tuple) else row.value
    return _constraint("sg:value", OPERATOR_WORDS[row.op], right, **{"sg:column": row.column})


def _mask(mask: Mask) -> Json:
    arguments = {f"sg:{name}": value for name, value in mask.args.items()}
    return _constraint("sg:mask", "odrl:eq", f"sg:mask/{mask.function}", **{"sg:column": mask.column, **arguments})


def _duties(terms: Terms, target: str) -> list[Json]:
    duties: list[Json] = []
    if terms.delete_after_days is not None:
        wait = {"@value": f"P{terms.delete_after_days}D", "@type": "xsd:duration"}
        due = _constraint("odrl:delayPeriod", "odrl:lteq", wait, **{"sg:from": _moment(to_iso(terms.valid_until))})
        duties.append({"action": "odrl:delete", "target": target, "constraint": [due]})
    if terms.keep_log:
        duties.append({"action": "sg:keepLog", "target": target})
    for notice in terms.notify:
        duties.append({"action": "odrl:inform", "target": target, "sg:occasion": notice})
    if terms.attribution:
        duties.append({"action": "odrl:attribute", "target": target, "sg:attributionText": terms.attribution})
    return duties
