"""`shugang bid`: seal a bid, open it, and check a result, on the bidder's own machine. Needs no platform settings."""

from __future__ import annotations

import argparse
import json
import os
import re
from pathlib import Path
from typing import Any

import rfc8785

from shugang.evidence.errors import EvidenceError
from shugang.evidence.receipt import verify_receipt
from shugang.market.auction import checking, sealing

from .upload import Platform, Refused


def fen(amount: str) -> int:
    """元 as text with at most two decimals → 分. Raises SystemExit."""
    found = re.fullmatch(r"(\d{1,13})(?:\.(\d{1,2}))?", amount.replace(",", ""))
    if found is None:
        raise SystemExit(f"金额不对 / not an amount: {amount}")
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))


def _seal(args: argparse.Namespace) -> int:
    salt, amount = sealing.new_salt(), fen(args.amount)
    made = sealing.commitment(args.auction, args.bidder, amount, salt)
    said = {"amount_fen": amount, "auction": args.auction, "bidder": args.bidder, "kind": sealing.KIND, "salt": salt}
    path = Path(args.out or f"{args.auction}-{args.bidder}.json")
    # Written before anything is sent: without this file the bid can never be opened.
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(rfc8785.dumps(said))
    print(f"开标文件，请妥善保存 / opening file, please keep it: {path}")
    print(f"封标码 / commitment: {made}")
    return _send(args, args.auction, "bid", {"commitment": made})


def _open(args: argparse.Namespace) -> int:
    said = json.loads(Path(args.file).read_text(encoding="utf-8"))
    return _send(args, said["auction"], "opening", {"amount_fen": said["amount_fen"], "salt": said["salt"]})


def _send(args: argparse.Namespace, auction: str, what: str, body: dict[str, Any]) -> int:
    if not args.url:
        return 0
    platform = Platform(args.url, os.environ.get("SHUGANG_TOKEN", ""))
    answer = platform.ask(
        "POST", f"/api/v1/auctions/{auction}/{what}", {"Content-Type": "application/json"}, json.dumps(body).encode()
    )
    try:
        _, said = platform.right(200, answer)
    except Refused as refused:
        print(refused)
        return 1
    print(said.decode())
    return 0


def _receipts(document: dict[str, Any], key: str) -> list[str]:
    """What is wrong with the receipts: each must prove, under this key, the very entry that the document claims."""
    wrong = []
    claims = [(b["receipt"], b["log_index"], "commitment", b["commitment"]) for b in document["bids"]]
    close = document["close"]
    claims.append((close["receipt"], close["log_index"], "commitments", close["commitments"]))
    for receipt, index, name, value in claims:
        try:
            proved = verify_receipt(json.dumps(receipt), key)
        except EvidenceError as error:
            wrong.append(f"{index}: {error}")
            continue
        payload = (proved.payload or {}).get("payload", {})
        if proved.index != index or payload.get(name) != value:
            wrong.append(f"{index}: the entry says something else")
    return wrong


def _verify(args: argparse.Namespace) -> int:
    document = json.loads(Path(args.file).read_text(encoding="utf-8"))
    good = True
    for holds, text in checking.check(document):
        good = good and holds
        print(f"{'✓' if holds else '✗'} {text.zh} / {text.en}")
    if args.key:
        wrong = _receipts(document, args.key)
        good = good and not wrong
        print(f"{'✗' if wrong else '✓'} 日志回执 / receipts of the log: {len(document['bids']) + 1 - len(wrong)} ✓")
        for line in wrong:
            print(f"  ✗ {line}")
    return 0 if good else 1


def run(args: argparse.Namespace) -> int:
    return {"seal": _seal, "open": _open, "verify": _verify}[args.bid_command](args)
