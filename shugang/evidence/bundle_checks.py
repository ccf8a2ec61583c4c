"""What the files of an evidence bundle have to say alike: texts and their signatures, bills and their lines, evidence and
the events that record it, uses and their numbers. Each check takes a `bundle.Opened` and reports what does not agree."""

import base64
import hashlib
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from shugang.evidence import canonical

CONTRACT, SIGNATURES = "contract/contract.json", "contract/signatures.json"


def digest(content: Any) -> str:
    return hashlib.sha256(canonical.dumps(content)).hexdigest()


def signature_holds(signature: Mapping[str, Any], digest_hex: str, context: str) -> bool:
    """Ed25519 over `shugang-sign-v1 LF context LF digest` (docs/signatures.md)."""
    try:
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(str(signature["public_key"]), validate=True))
        raw = base64.b64decode(str(signature["signature"]), validate=True)
        key.verify(raw, f"shugang-sign-v1\n{context}\n{digest_hex}".encode())
    except (KeyError, ValueError, InvalidSignature):
        return False
    return signature.get("algorithm") == "ed25519"


def _signed(opened: Any, path: str, rows: list[dict[str, Any]], sha256: str, context: str, *kinds: str) -> None:
    """Every signature holds, and is the one that the log's events of `kinds` state."""
    logged = [said.get("signature") for said in opened.said(*kinds) if said.get("sha256") == sha256]
    for row in rows:
        opened.report.checked["signatures"] += 1
        if not signature_holds(row, sha256, context):
            opened.report.fail("signature", path, f"the signature of {row.get('signer')} does not hold")
        elif row not in logged:
            opened.report.fail("unlogged", path, f"no opened event states the signature of {row.get('signer')}")
    if not rows:
        opened.report.fail("signature", path, "nobody signed it")


def contract(opened: Any) -> None:
    rows = opened.json(SIGNATURES)
    sha256 = hashlib.sha256(opened.files[CONTRACT]).hexdigest()
    said = opened.json(CONTRACT)
    if rows is None or said is None:
        return
    number = said["number"]
    if number != opened.report.manifest["contract"]:
        opened.report.fail("contract", CONTRACT, "another contract than the manifest names")
    if {r["side"] for r in rows} != {"buyer", "supplier"}:
        opened.report.fail("signature", SIGNATURES, "not signed by both sides")
    made = [r["signature"] for r in rows]
    _signed(opened, SIGNATURES, made, sha256, f"contract:{number}", "market.contract.sign", "market.contract.sign.vote")
    sides = {s: said[s]["uscc"] for s in ("buyer", "supplier")}
    for row in rows:
        if row["signature"].get("party") != sides.get(row["side"]):
            opened.report.fail("signature", SIGNATURES, f"the {row['side']}'s signature is another party's")


def quotations(opened: Any) -> None:
    """Each version by its digest; the one that the contract was drawn up from has to be there."""
    found = {}
    for path in opened.below("quotations"):
        row = opened.json(path)
        if row is None:
            continue
        opened.report.checked["quotations"] += 1
        if digest({"terms": row["terms"], "plan": row["plan"]}) != row["digest"]:
            opened.report.fail("quotation", path, "terms and price do not give its digest")
        found[row["version"]] = row["digest"]
    said = opened.json(CONTRACT)
    accepted = said["quotation"] if said else None
    if accepted and found and found.get(accepted["version"]) != accepted["digest"]:
        opened.report.fail("quotation", CONTRACT, "the contract names another quotation")


def bills(opened: Any) -> None:
    issued = {said["bill"]: said for said in opened.said("bill.issued")}
    for path in opened.below("bills"):
        row = opened.json(path)
        if row is None:
            continue
        opened.report.checked["bills"] += 1
        if sum(line["amount_fen"] for line in row["lines"]) != row["total_fen"]:
            opened.report.fail("bill", path, "its lines do not sum to its total")
        told = issued.get(row["number"])
        if row["kind"] == "credit_note":
            continue
        if told is None:
            opened.report.fail("unlogged", path, "no opened event records its issue")
        elif any(told[name] != row[name] for name in ("total_fen", "tax_fen", "period_from", "period_to", "kind")):
            opened.report.fail("bill", path, "it is not the bill that was issued")


def evidence(opened: Any) -> None:
    """Each file is one that was filed, and each that was filed is there."""
    filed = {said["position"]: said for said in opened.said("dispute.evidence_filed")}
    rows = opened.json("evidence/index.json")
    for row in rows or []:
        opened.report.checked["evidence"] += 1
        path, told = row["path"], filed.pop(row["position"], None)
        found = hashlib.sha256(opened.files.get(path, b"")).hexdigest()
        if told is None:
            opened.report.fail("unlogged", path, "no opened event records that it was filed")
        elif found != told["sha256"] or row["sha256"] != found:
            opened.report.fail("evidence", path, "it is not the file that was filed")
        elif any(row[name] != told[name] for name in ("name", "proves", "size")):
            opened.report.fail("evidence", path, "its description is not the one that was filed")
    for position in sorted(filed):
        opened.report.fail("missing", "evidence", f"file {position} was filed and is not here")


def decisions(opened: Any) -> None:
    kinds = {
        "award": ("market.dispute.award",),
        "settlement": ("market.settlement.sign", "market.settlement.sign.vote"),
    }
    for path in opened.below("decisions"):
        row = opened.json(path)
        if row is None:
            continue
        opened.report.checked["decisions"] += 1
        if digest(row["content"]) != row["sha256"]:
            opened.report.fail("decision", path, "its text does not give its digest")
        _signed(opened, path, row["signatures"], row["sha256"], row["context"], *kinds[row["kind"]])


def acknowledgements(opened: Any) -> None:
    """What the buyer signed, and that it is about the uses in the bundle."""
    hashes = _hashes(opened)
    for path in opened.below("acknowledgements"):
        row = opened.json(path)
        if row is None:
            continue
        said = row["statement"]
        opened.report.checked["acknowledgements"] += 1
        if digest(said) != row["sha256"]:
            opened.report.fail("acknowledgement", path, "its text does not give its digest")
        if not signature_holds(row["signature"], row["sha256"], row["context"]):
            opened.report.fail("signature", path, "the buyer's signature does not hold")
        opened.report.checked["signatures"] += 1
        head = "0" * 64
        for seq in range(said["first_seq"], said["last_seq"] + 1):
            head = hashlib.sha256((head + hashes[said["grant"]].get(seq, "")).encode()).hexdigest()
        if hashes[said["grant"]] and head != said["head"]:
            opened.report.fail("acknowledgement", path, "it was signed over other uses than these")


def _hashes(opened: Any) -> dict[str, dict[int, str]]:
    found: dict[str, dict[int, str]] = defaultdict(dict)
    for use in opened.uses:
        found[use["record"]["grant"]][use["record"]["grant_seq"]] = use["record"]["hash"]
    return found


def uses(opened: Any) -> None:
    """The uses of a grant are numbered without gaps: one that is left out shows."""
    opened.report.checked["uses"] += len(opened.uses)
    for grant, hashes in sorted(_hashes(opened).items()):
        gaps = sorted(set(range(1, max(hashes, default=0) + 1)) - set(hashes))
        if gaps:
            opened.report.fail("gap", "usage.json", f"{grant}: numbers {gaps[:5]} are missing")
    told = opened.report.manifest["uses"]
    if told != len(opened.uses):
        opened.report.fail("gap", "usage.json", f"{len(opened.uses)} uses, the manifest says {told}")


CHECKS = (contract, quotations, bills, evidence, decisions, acknowledgements, uses)
