"""Verify one Shugang receipt offline. Needs this file, Python 3.10 or later and `pip install cryptography`.

    python standalone_verify.py receipt.json [log-public-key [further-key ...]]

The file is a receipt, or the text of a scanned code (an address with `#p1=`). Take the log's public key from where its
operator publishes it; without it only the receipt's inner consistency is shown. Further keys are those of witnesses and
the log's SM2 key: each must have signed too. Checked are: payload and salt give both digests in the entry (RFC 8785,
SHA-256, SM3); the entry stands in the tree (RFC 9162 §2.1.3.2); the keys signed the tree's root (C2SP tlog-checkpoint,
signed-note, tlog-cosignature; Ed25519; SM2 with SM3, GB/T 32918.2)."""

import base64
import hashlib
import json
import sys
import zlib
from datetime import UTC, datetime
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


def sm3(data: bytes) -> bytes:
    digest = hashes.Hash(hashes.SM3())
    digest.update(data)
    return digest.finalize()


def check_commitment(receipt: dict[str, Any], entry: dict[str, Any]) -> None:
    data = unbase64(receipt["salt"], 32) + canonical(receipt["payload"]).encode()
    need(hashlib.sha256(data).hexdigest() == entry["sha256"], "the payload is not the recorded one (SHA-256)")
    need(sm3(data).hex() == entry["sm3"], "the payload is not the recorded one (SM3)")


P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
GX = 0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7
GY = 0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0


def add(p: Any, q: Any) -> Any:
    """The sum of two points of the SM2 curve; None is the point at infinity."""
    if p is None or q is None:
        return q if p is None else p
    if p[0] == q[0] and (p[1] + q[1]) % P == 0:
        return None
    if p == q:
        slope = 3 * (p[0] * p[0] - 1) * pow(2 * p[1], -1, P) % P
    else:
        slope = (q[1] - p[1]) * pow(q[0] - p[0], -1, P) % P
    x = (slope * slope - p[0] - q[0]) % P
    return x, (slope * (p[0] - x) - p[1]) % P


def times(k: int, p: Any) -> Any:
    total = None
    for bit in bin(k)[2:]:
        total = add(total, total)
        total = add(total, p) if bit == "1" else total
    return total


def check_sm2(public: bytes, message: bytes, signature: bytes) -> None:
    need(len(public) == 65 and public[0] == 4 and len(signature) == 64, "not an SM2 key or signature")
    x, y = int.from_bytes(public[1:33], "big"), int.from_bytes(public[33:], "big")
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    need(x < P and y < P and (y * y - x * x * x + 3 * x - B) % P == 0, "not a point of the SM2 curve")
    curve = b"".join(value.to_bytes(32, "big") for value in (P - 3, B, GX, GY))
    identity = sm3(b"\x00\x80" + b"1234567812345678" + curve + public[1:])
    need(0 < r < N and 0 < s < N and (r + s) % N > 0, "the SM2 signature is out of range")
    point = add(times(s, (GX, GY)), times((r + s) % N, (x, y)))
    e = int.from_bytes(sm3(identity + message), "big")
    need(point is not None and (e + point[0]) % N == r, "the SM2 signature does not hold")


def check_signed(note: str, vkey: str) -> str:
    """Who signed and, for a witness, when; ValueError or InvalidSignature when this key did not."""
    name, key_id, key = vkey.split("+", 2)
    public = unbase64(key)
    expected = hashlib.sha256(name.encode() + b"\n" + public).digest()[:4]
    need(expected.hex() == key_id, "the key ID is not that of the key")
    text, _, signatures = note.rpartition("\n\n")
    text, said = text + "\n", ""
    for line in signatures.rstrip("\n").split("\n"):
        start, _, encoded = line.rpartition(" ")
        signature = unbase64(encoded)
        if start != "\u2014 " + name or signature[:4] != expected:
            continue
        if public[:1] == b"\x01":
            Ed25519PublicKey.from_public_bytes(public[1:]).verify(signature[4:], text.encode())
            said = f"{name} (Ed25519)"
        elif public[:1] == b"\x04":
            seconds = int.from_bytes(signature[4:12], "big")
            message = f"cosignature/v1\ntime {seconds}\n{text}".encode()
            Ed25519PublicKey.from_public_bytes(public[1:]).verify(signature[12:], message)
            said = f"{name} ({datetime.fromtimestamp(seconds, UTC).isoformat()})"
        else:
            need(public[:13] == b"\xffsm2-with-sm3", "a key of an unknown kind")
            check_sm2(public[13:], text.encode(), signature[4:])
            said = f"{name} (SM2)"
    need(said != "", f"{name} did not sign this checkpoint")
    return said


def open_checkpoint(note: str, vkey: str) -> tuple[int, bytes]:
    name = vkey.split("+", 2)[0]
    need(unbase64(vkey.split("+", 2)[2])[:1] == b"\x01", "this is not an Ed25519 log key")
    check_signed(note, vkey)
    lines = note.rpartition("\n\n")[0].split("\n")
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


def read(path: str, vkey: str) -> dict[str, Any]:
    """The receipt in a file: as JSON, or as the text of a scanned code, which names no key."""
    with open(path, encoding="utf-8") as file:
        text = file.read().strip()
    _, mark, packed = text.partition("#p1=")
    if not mark or text.startswith("{"):
        return json.loads(text, object_pairs_hook=once)
    need(vkey != "", "a code names no key: give the log's public key")
    raw = base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))
    entry, _, proof = zlib.decompressobj().decompress(raw, 20_000).decode().partition("\n")
    form = "shugang-receipt@v1"
    return {"format": form, "payload": None, "salt": None, "entry": entry, "proof": proof, "vkey": vkey}


def main(arguments: list[str]) -> int:
    keys = arguments[2:]
    try:
        receipt = read(arguments[1], keys[0] if keys else "")
        index, size, entry = verify(receipt, keys[0] if keys else receipt["vkey"])
        also = [check_signed(receipt["proof"].partition("\n\n")[2], key) for key in keys[1:]]
        text = f"{entry['kind']} {entry['at']}\n日志 / log: {receipt['vkey']}\n序号 / index: {index} of {size}"
    except (
        InvalidSignature,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        OSError,
        RecursionError,
        zlib.error,
    ) as e:
        print("验证未通过 / NOT VALID:", str(e) or type(e).__name__)
        return 1
    print("验证通过 / VALID:", text)
    for who in also:
        print("另有签名 / also signed by:", who)
    if receipt["payload"] is None:
        print("凭据未附原文，仅证明其摘要在日志中 / no content attached: only its digests are proved")
    if not keys:
        print("公钥取自凭据自身，请与平台公布的公钥核对 / key taken from the receipt: compare the published one")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv))
