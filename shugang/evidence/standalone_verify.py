"""Verify one Shugang receipt offline. Needs this file, Python 3.10 or later and `pip install cryptography`.

    python standalone_verify.py receipt.json [log-public-key]

Take the log's public key from where its operator publishes it; without it only the receipt's inner consistency
is shown. Checked are: payload and salt give both digests in the entry (RFC 8785, SHA-256, SM3); the entry stands
in the tree (RFC 9162 §2.1.3.2); the key signed the tree's root (C2SP tlog-checkpoint, signed-note, Ed25519)."""

import base64
import hashlib
import json
import sys
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def need(condition: bool, reason: str) -> None:
    if not condition:
        raise ValueError(reason)


def unbase64(text: str, size: int | None = None) -> bytes:
    data = base64.b64decode(text, validate=True)
    need(base64.b64encode(data).decode() == text and size in (None, len(data)), "bad base64")
    return data


def number(value: Any) -> str:
    """A JSON number as ECMAScript writes it (RFC 8785 §3.2.2.3)."""
    if isinstance(value, int):
        need(abs(value) < 2**53, "an integer is too large for JSON")
        return str(value)
    need(value == value and abs(value) != float("inf"), "not a JSON number")
    if value == 0:
        return "0"
    mantissa, _, exponent = repr(abs(value)).partition("e")
    whole, _, fraction = mantissa.partition(".")
    digits = (whole + fraction).lstrip("0")
    point = len(digits) - len(fraction) + int(exponent or 0)
    digits = digits.rstrip("0")
    if len(digits) <= point <= 21:
        text = digits.ljust(point, "0")
    elif 0 < point <= 21:
        text = digits[:point] + "." + digits[point:]
    elif -6 < point <= 0:
        text = "0." + "0" * -point + digits
    else:
        text = digits[0] + "." * (len(digits) > 1) + digits[1:] + f"e{point - 1:+d}"
    return "-" + text if value < 0 else text


def canonical(value: Any) -> str:
    """RFC 8785."""
    if value is None or isinstance(value, (bool, str)):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, (int, float)):
        return number(value)
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    keys = sorted(value, key=lambda key: key.encode("utf-16-be"))
    return "{" + ",".join(canonical(key) + ":" + canonical(value[key]) for key in keys) + "}"


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    need(len(dict(pairs)) == len(pairs), "a key stands twice in the receipt")
    return dict(pairs)


def check_commitment(receipt: dict[str, Any], entry: dict[str, Any]) -> None:
    data = unbase64(receipt["salt"], 32) + canonical(receipt["payload"]).encode()
    sm3 = hashes.Hash(hashes.SM3())
    sm3.update(data)
    need(hashlib.sha256(data).hexdigest() == entry["sha256"], "the payload is not the recorded one (SHA-256)")
    need(sm3.finalize().hex() == entry["sm3"], "the payload is not the recorded one (SM3)")


def open_checkpoint(note: str, vkey: str) -> tuple[int, bytes]:
    name, key_id, key = vkey.split("+", 2)
    public = unbase64(key, 33)
    expected = hashlib.sha256(name.encode() + b"\n" + public).digest()[:4]
    need(public[0] == 1 and expected.hex() == key_id, "this is not an Ed25519 log key")
    text, _, signatures = note.rpartition("\n\n")
    signed = False
    for line in signatures.rstrip("\n").split("\n"):
        start, _, encoded = line.rpartition(" ")
        signature = unbase64(encoded)
        if start == "\u2014 " + name and signature[:4] == expected:
            Ed25519PublicKey.from_public_bytes(public[1:]).verify(signature[4:], (text + "\n").encode())
            signed = True
    need(signed, "the log key did not sign this checkpoint")
    lines = text.split("\n")
    need(lines[0] == name, "this checkpoint is of another log")
    return int(lines[1]), unbase64(lines[2], 32)


def check_inclusion(leaf: bytes, index: int, size: int, path: list[bytes], root: bytes) -> None:
    need(0 <= index < size, "the index is not in the tree")
    at, last = index, size - 1
    for sibling in path:
        need(last > 0, "the proof is too long")
        if at & 1 or at == last:
            leaf = hashlib.sha256(b"\x01" + sibling + leaf).digest()
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            leaf = hashlib.sha256(b"\x01" + leaf + sibling).digest()
        at, last = at >> 1, last >> 1
    need(last == 0 and leaf == root, "the proof does not lead to the signed root")


def verify(receipt: dict[str, Any], vkey: str) -> tuple[int, int, dict[str, Any]]:
    """(index, log size, entry); ValueError or InvalidSignature when the receipt proves nothing."""
    need(sorted(receipt) == ["entry", "format", "payload", "proof", "salt", "vkey"], "not a Shugang receipt")
    need(receipt["format"] == "shugang-receipt@v1" and receipt["vkey"] == vkey, "another format or log key")
    data, entry = receipt["entry"].encode(), json.loads(receipt["entry"], object_pairs_hook=once)
    head, _, checkpoint = receipt["proof"].partition("\n\n")
    lines = [line for line in head.split("\n") if not line.startswith("extra ")]
    index = int(lines[1][6:])
    need(lines[:2] == ["c2sp.org/tlog-proof@v1", f"index {index}"] and entry["v"] == 1, "no proof of an entry")
    size, root = open_checkpoint(checkpoint, vkey)
    leaf, path = hashlib.sha256(b"\x00" + data).digest(), [unbase64(line, 32) for line in lines[2:]]
    check_inclusion(leaf, index, size, path, root)
    if receipt["payload"] is not None or receipt["salt"] is not None:
        check_commitment(receipt, entry)
    return index, size, entry


def main(arguments: list[str]) -> int:
    try:
        with open(arguments[1], encoding="utf-8") as file:
            receipt = json.load(file, object_pairs_hook=once)
        index, size, entry = verify(receipt, arguments[2] if len(arguments) > 2 else receipt["vkey"])
        text = f"{entry['kind']} {entry['at']}\n日志 / log: {receipt['vkey']}\n序号 / index: {index} of {size}"
    except (InvalidSignature, ValueError, LookupError, TypeError, AttributeError, OSError, RecursionError) as error:
        print("验证未通过 / NOT VALID:", str(error) or type(error).__name__)
        return 1
    print("验证通过 / VALID:", text)
    if receipt["payload"] is None:
        print("凭据未附原文，仅证明其摘要在日志中 / no content attached: only its digests are proved")
    if len(arguments) < 3:
        print("公钥取自凭据自身，请与平台公布的公钥核对 / key taken from the receipt: compare the published one")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
