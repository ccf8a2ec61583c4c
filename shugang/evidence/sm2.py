"""SM2 signatures with SM3 (GB/T 32918.2-2016, GB/T 32905-2016; identity `1234567812345678`, GB/T 35276-2017 §10).

Checking is plain Python and needs no package: it handles public values only. Signing needs the optional `tongsuopy`.
A signature is r ‖ s, 64 bytes; a public key is the uncompressed point, 65 bytes.
"""

from importlib.util import find_spec

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from shugang.evidence.errors import FormatError
from shugang.evidence.hashing import sm3

PUBLIC_SIZE = 65
IDENTITY = b"1234567812345678"
_P = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF00000000FFFFFFFFFFFFFFFF
_N = 0xFFFFFFFEFFFFFFFFFFFFFFFFFFFFFFFF7203DF6B21C6052B53BBF40939D54123
_B = 0x28E9FA9E9D9F5E344D5A9E4BCF6509A7F39789F515AB8F92DDBCBD414D940E93
_G = (
    0x32C4AE2C1F1981195F9904466A39C9948FE30BBFF2660BE1715A4589334C74C7,
    0xBC3736A2F4F6779C59BDCEE36B692153D0A9877CC62A474002DF32E52139F0A0,
)
_Point = tuple[int, int, int]
_NOWHERE: _Point = (0, 1, 0)


def available() -> bool:
    """Whether this installation can sign with SM2."""
    return find_spec("tongsuopy") is not None


class Key:
    """A private key in memory. `secret`: 32 bytes, 1 ≤ d ≤ n-2. FormatError without `tongsuopy`."""

    def __init__(self, secret: bytes) -> None:
        if not available():
            raise FormatError("signing with SM2 needs the package tongsuopy")
        if len(secret) != 32 or not 1 <= int.from_bytes(secret, "big") <= _N - 2:
            raise FormatError("this is no SM2 private key")
        from tongsuopy.crypto import hashes, serialization
        from tongsuopy.crypto.asymciphers import ec

        self._key = ec.derive_private_key(int.from_bytes(secret, "big"), ec.SM2())
        self._with_sm3 = ec.ECDSA(hashes.SM3())
        self.public: bytes = self._key.public_key().public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )

    def sign(self, message: bytes) -> bytes:
        """r ‖ s, 64 bytes."""
        r, s = decode_dss_signature(self._key.sign(message, self._with_sm3))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """GB/T 32918.2 §7.1. False also for a public key that is no point of the curve."""
    point = _point(public)
    if point is None or len(signature) != 64:
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    t = (r + s) % _N
    if not (0 < r < _N and 0 < s < _N and t):
        return False
    e = int.from_bytes(sm3(_identity_digest(public) + message), "big")
    x, _, z = _sum_of_products(s, (*_G, 1), t, (*point, 1))
    return z != 0 and (e + x * pow(z, -2, _P) % _P) % _N == r


def _point(public: bytes) -> tuple[int, int] | None:
    x, y = int.from_bytes(public[1:33], "big"), int.from_bytes(public[33:], "big")
    on_curve = (y * y - (x * x - 3) * x - _B) % _P == 0
    return (x, y) if len(public) == PUBLIC_SIZE and public[0] == 4 and x < _P and y < _P and on_curve else None


def _identity_digest(public: bytes) -> bytes:
    """Z: what binds the signer's identity and the curve to the message (§5.5)."""
    curve = b"".join(value.to_bytes(32, "big") for value in (_P - 3, _B, *_G))
    return sm3((8 * len(IDENTITY)).to_bytes(2, "big") + IDENTITY + curve + public[1:])


def _sum_of_products(a: int, first: _Point, b: int, second: _Point) -> _Point:
    """a·first + b·second, both multiplied in one pass."""
    table = (None, first, second, _add(first, second))
    total = _NOWHERE
    for bit in reversed(range(256)):
        total = _double(total)
        point = table[(a >> bit & 1) | (b >> bit & 1) << 1]
        if point is not None:
            total = _add(total, point)
    return total


# Jacobian coordinates: (X, Y, Z) is the point (X/Z², Y/Z³); Z = 0 is the point at infinity.


def _double(p: _Point) -> _Point:
    x, y, z = p
    delta, gamma = z * z % _P, y * y % _P
    beta = x * gamma % _P
    alpha = 3 * (x - delta) * (x + delta) % _P
    x3 = (alpha * alpha - 8 * beta) % _P
    return x3, (alpha * (4 * beta - x3) - 8 * gamma * gamma) % _P, 2 * y * z % _P


def _add(p: _Point, q: _Point) -> _Point:
    if p[2] == 0:
        return q
    if q[2] == 0:
        return p
    z1, z2 = p[2] * p[2] % _P, q[2] * q[2] % _P
    u1, u2 = p[0] * z2 % _P, q[0] * z1 % _P
    s1, s2 = p[1] * q[2] * z2 % _P, q[1] * p[2] * z1 % _P
    h, r = (u2 - u1) % _P, (s2 - s1) % _P
    if h == 0:
        return _double(p) if r == 0 else _NOWHERE
    h2 = h * h % _P
    h3, v = h * h2 % _P, u1 * h2 % _P
    x3 = (r * r - h3 - 2 * v) % _P
    return x3, (r * (v - x3) - s1 * h3) % _P, p[2] * q[2] * h % _P
