"""Checks an evidence bundle offline, from the log's public key alone: every digest, signature and proof; names what fails.

What it trusts: the key that the caller gives. The manifest lists every file by digest and is itself in the log (the event
of its export, `receipt.json`); what the bundle says of contract, bills, evidence and decision has to agree with the events
that are opened in it.
"""

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from shugang.evidence import canonical
from shugang.evidence.bundle_checks import CHECKS
from shugang.evidence.checkpoint import Checkpoint, open_checkpoint
from shugang.evidence.encoding import from_base64
from shugang.evidence.entry import decode
from shugang.evidence.errors import EvidenceError, FormatError, VerificationError
from shugang.evidence.hashing import HASH_SIZE, SALT_SIZE, commitment, leaf_hash
from shugang.evidence.note import NoteKey, parse_vkey
from shugang.evidence.packing import FORMAT, MANIFEST, RECEIPT, unpack
from shugang.evidence.proofs import verify_inclusion
from shugang.evidence.receipt import load_receipt, verify_receipt

EXPORTED = "dispute.bundle_exported"
CHECKPOINT, EVENTS, USAGE = "log/checkpoint.txt", "events.json", "usage.json"


class Finding(NamedTuple):
    """`code`: stable, for machines; `path`: the file, with the part of it; `detail`: a plain sentence."""

    code: str
    path: str
    detail: str


@dataclass
class Report:
    """`ok` when nothing failed. `checked`: what was counted, by name."""

    findings: list[Finding] = field(default_factory=list)
    checked: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    manifest: dict[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return not self.findings and bool(self.manifest)

    def fail(self, code: str, path: str, detail: str) -> None:
        self.findings.append(Finding(code, path, detail))


@dataclass
class Opened:
    """What the checks work with: the files, the events that were proved and opened (kind → payloads), the uses."""

    files: dict[str, bytes]
    report: Report
    events: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))
    uses: list[dict[str, Any]] = field(default_factory=list)

    def json(self, path: str) -> Any:
        """A file's content; None (and a finding) where it is no canonical JSON."""
        try:
            return read_json(self.files[path])
        except (FormatError, KeyError) as error:
            self.report.fail("json", path, str(error))
            return None

    def below(self, folder: str) -> list[str]:
        return [name for name in sorted(self.files) if name.startswith(f"{folder}/")]

    def said(self, *kinds: str) -> list[dict[str, Any]]:
        """What the opened events of these kinds state; of a step, the answers of its form."""
        return [p.get("form", p) for kind in kinds for p in self.events[kind]]


def read_json(data: bytes) -> Any:
    """RFC 8785 bytes only: one content has one spelling. FormatError."""
    try:
        found = json.loads(data)
        if canonical.dumps(found) != data:
            raise FormatError("not in the canonical form of RFC 8785")
    except FormatError:
        raise
    except (ValueError, RecursionError, TypeError) as error:
        raise FormatError(f"no JSON: {error}") from error
    return found


def verify_bundle(data: bytes, keys: Sequence[str]) -> Report:
    """Check the bytes of a bundle. `keys`: the log's vkeys as it publishes them, never from the bundle. Raises FormatError
    for a key that is none."""
    report = Report()
    verifiers = [parse_vkey(key) for key in keys]
    try:
        files = unpack(data)
    except FormatError as error:
        report.fail("archive", "", str(error))
        return report
    opened = Opened(files, report)
    if _manifest(opened) and _receipt(opened, keys):
        _log(opened, verifiers)
        for check in CHECKS:
            _safely(opened, check)
    return report


def _safely(opened: Opened, check: Callable[[Any], None]) -> None:
    """A file of a shape that a check did not expect is a finding, not a crash."""
    try:
        check(opened)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        opened.report.fail("shape", check.__name__, f"{type(error).__name__}: {error}")


def _manifest(opened: Opened) -> bool:
    said = opened.json(MANIFEST)
    listed = said.get("files") if isinstance(said, dict) else None
    if not isinstance(said, dict) or said.get("format") != FORMAT or not isinstance(listed, dict):
        opened.report.fail("manifest", MANIFEST, f"not a {FORMAT}")
        return False
    opened.report.manifest = said
    present = set(opened.files) - {MANIFEST, RECEIPT}
    for name in sorted(present ^ set(listed)):
        opened.report.fail("file", name, "missing" if name in listed else "not in the manifest")
    for name in sorted(present & set(listed)):
        found = hashlib.sha256(opened.files[name]).hexdigest()
        if listed[name] != {"sha256": found, "size": len(opened.files[name])}:
            opened.report.fail("digest", name, f"its SHA-256 is {found}, the manifest says otherwise")
        opened.report.checked["files"] += 1
    return True


def _receipt(opened: Opened, keys: Sequence[str]) -> bool:
    """The manifest is the one whose export the log records."""
    try:
        body = load_receipt(opened.files[RECEIPT])
        if canonical.dumps(body) != opened.files[RECEIPT]:
            raise FormatError("not in the canonical form of RFC 8785")
        if body["vkey"] not in keys:
            raise VerificationError("the receipt names another log key")
        found = verify_receipt(body, body["vkey"])
        said = (found.payload or {}).get("payload", {})
        if found.entry.kind != EXPORTED or (found.payload or {}).get("kind") != EXPORTED:
            raise VerificationError("the receipt is of another event")
        if said.get("manifest_sha256") != hashlib.sha256(opened.files[MANIFEST]).hexdigest():
            raise VerificationError("the manifest is not the one whose export was recorded")
    except (EvidenceError, KeyError, AttributeError) as error:
        opened.report.fail("receipt", RECEIPT, str(error) if not isinstance(error, KeyError) else "missing")
        return False
    opened.report.checked["proofs"] += 1
    return True


def _log(opened: Opened, verifiers: Sequence[NoteKey]) -> None:
    try:
        checkpoint = open_checkpoint(opened.files[CHECKPOINT].decode(), list(verifiers))
    except (EvidenceError, KeyError, UnicodeDecodeError) as error:
        opened.report.fail("checkpoint", CHECKPOINT, str(error))
        return
    for at, payload in _proved(opened, EVENTS, checkpoint):
        if at.kind != payload.get("kind"):
            opened.report.fail("event", EVENTS, f"{payload.get('kind')} is logged as {at.kind}")
        else:
            opened.events[at.kind].append(payload["payload"])
    opened.uses = [payload for _, payload in _proved(opened, USAGE, checkpoint)]


def _proved(opened: Opened, path: str, checkpoint: Checkpoint) -> Iterable[tuple[Any, dict[str, Any]]]:
    """Each record that stands in the log and whose content opens its commitment; the others are findings."""
    rows = opened.json(path) if path in opened.files else []
    for number, row in enumerate(rows if isinstance(rows, list) else []):
        try:
            yield _one(row, checkpoint), row["payload"]
            opened.report.checked["proofs"] += 1
        except (EvidenceError, KeyError, TypeError, AttributeError) as error:
            opened.report.fail("proof", f"{path}#{number}", str(error) or type(error).__name__)


def _one(row: Mapping[str, Any], checkpoint: Checkpoint) -> Any:
    data = row["entry"].encode()
    entry = decode(data)
    path = [from_base64(text, HASH_SIZE) for text in row["path"]]
    verify_inclusion(leaf_hash(data), row["index"], checkpoint.size, path, checkpoint.root)
    if commitment(row["payload"], from_base64(row["salt"], SALT_SIZE)) != entry.commitment:
        raise VerificationError("the content is not the one that was recorded")
    return entry
