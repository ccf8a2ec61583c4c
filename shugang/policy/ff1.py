"""FF1, format-preserving encryption (NIST SP 800-38G, algorithms 7 and 8), for single texts and for whole columns.

`encrypt` and `decrypt` follow the standard step by step. `encrypt_column` does the same for many texts at once: each Feistel
round is one AES call over the whole column and a handful of whole-number operations of Arrow. Half a text must fit 32 bits
for that (18 decimal digits, 12 of base 36, 10 of base 62); longer ones go one by one.
"""

from __future__ import annotations

import hashlib
import hmac
import sys
from array import array

import pyarrow as pa
import pyarrow.compute as pc
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from shugang.policy.mask_catalogue import DIGITS
from shugang.policy.text import Text

SMALLEST_DOMAIN = 1_000_000  # SP 800-38G revision 1 §5.1: with fewer texts of a length they can be guessed through
LONGEST = 128
ROUNDS = 10
_COLUMN_BYTES = 4  # the widest half, in bytes, that `encrypt_column` takes


class DomainError(ValueError):
    """A text that FF1 does not take: too short for its alphabet, too long, or with other signs."""

    def __init__(self, text: Text) -> None:
        super().__init__(text.en)
        self.text = text


def minimum_length(radix: int) -> int:
    """The shortest text of which there are at least a million."""
    length = 2
    while radix**length < SMALLEST_DOMAIN:
        length += 1
    return length


def derive_key(secret: str) -> bytes:
    """The AES-256 key of a project's secret, so that the secret's other uses tell nothing about it."""
    return hmac.new(secret.encode(), b"shugang ff1", hashlib.sha256).digest()


class FF1:
    """One key, one alphabet, one tweak."""

    def __init__(self, key: bytes, alphabet: str = DIGITS, tweak: bytes = b"") -> None:
        if len(set(alphabet)) != len(alphabet) or not 2 <= len(alphabet) <= 2**16:
            raise ValueError("an alphabet has 2 to 65536 different signs")
        self.alphabet, self.radix, self.tweak = alphabet, len(alphabet), tweak
        self.shortest = minimum_length(self.radix)
        self._values = {sign: value for value, sign in enumerate(alphabet)}
        self._aes = Cipher(algorithms.AES(key), modes.ECB()).encryptor()  # noqa: S305 the block cipher itself, as FF1 asks

    def encrypt(self, text: str) -> str:
        """Another text of the same length over the same alphabet. Raises DomainError."""
        return self._feistel(text, forwards=True)

    def decrypt(self, text: str) -> str:
        """The inverse of `encrypt`. Raises DomainError."""
        return self._feistel(text, forwards=False)

    def takes(self, text: str) -> bool:
        """Whether `encrypt` has an answer."""
        return self.shortest <= len(text) <= LONGEST and all(sign in self._values for sign in text)

    def encrypt_column(self, texts: pa.Array) -> pa.Array:
        """Each text encrypted; NULL for NULL and for what `takes` refuses."""
        return self._column(texts, forwards=True)

    def decrypt_column(self, texts: pa.Array) -> pa.Array:
        """The inverse of `encrypt_column`."""
        return self._column(texts, forwards=False)

    def _check(self, text: str) -> None:
        if not self.takes(text):
            raise DomainError(
                Text(
                    f"保形加密要求 {self.shortest} 至 {LONGEST} 位，且只含约定字符集中的字符。",
                    f"Format-preserving encryption takes {self.shortest} to {LONGEST} signs of the agreed alphabet.",
                )
            )

    def _number(self, text: str) -> int:
        total = 0
        for sign in text:
            total = total * self.radix + self._values[sign]
        return total

    def _numeral(self, number: int, length: int) -> str:
        signs = []
        for _ in range(length):
            number, value = divmod(number, self.radix)
            signs.append(self.alphabet[value])
        return "".join(reversed(signs))

    def _feistel(self, text: str, forwards: bool) -> str:
        self._check(text)
        shape = _Shape(len(text), self.radix, self.tweak)
        start = self._chain(bytes(16), shape.prefix)
        a, b = self._number(text[: shape.u]), self._number(text[shape.u :])
        for i in range(ROUNDS) if forwards else reversed(range(ROUNDS)):
            modulus = self.radix ** (shape.u if i % 2 == 0 else shape.v)
            known = b if forwards else a
            last = shape.rest + bytes([i]) + known.to_bytes(shape.b)
            y = int.from_bytes(self._stretch(self._chain(start, last), shape.d))
            if forwards:
                a, b = b, (a + y) % modulus
            else:
                a, b = (b - y) % modulus, a
        return self._numeral(a, shape.u) + self._numeral(b, shape.v)

    def _block(self, block: bytes) -> bytes:
        return self._aes.update(block)

    def _chain(self, state: bytes, data: bytes) -> bytes:
        """CBC-MAC of whole blocks, going on from `state` (PRF of SP 800-38G)."""
        for place in range(0, len(data), 16):
            state = self._block(_xor(state, data[place : place + 16]))
        return state

    def _stretch(self, r: bytes, length: int) -> bytes:
        stream = r
        for j in range(1, -(-length // 16)):
            stream += self._block(_xor(r, j.to_bytes(16)))
        return stream[:length]

    # --- columns ---

    def _column(self, texts: pa.Array, forwards: bool) -> pa.Array:
        if isinstance(texts, pa.ChunkedArray):
            texts = texts.combine_chunks()
        texts = texts.cast(pa.string())
        lengths = pc.utf8_length(texts)
        fits = pc.match_substring_regex(texts, f"^[{_class(self.alphabet)}]+$")
        parts, places = [], []
        for length in sorted(pc.unique(lengths).drop_null().to_pylist()):
            if not self.shortest <= length <= LONGEST:
                continue
            chosen = pc.indices_nonzero(pc.fill_null(pc.and_(fits, pc.equal(lengths, length)), False))
            if not len(chosen):
                continue
            some = texts if len(chosen) == len(texts) else texts.take(chosen)
            shape = _Shape(length, self.radix, self.tweak)
            parts.append(
                self._fast(some, shape, forwards) if shape.b <= _COLUMN_BYTES else self._one_by_one(some, forwards)
            )
            places.append(chosen)
        if not parts:
            return pa.nulls(len(texts), pa.string())
        if len(parts) == 1 and len(parts[0]) == len(texts):
            return parts[0]
        found = pa.concat_arrays(parts)
        order = pc.index_in(pa.array(range(len(texts)), pa.uint64()), pa.concat_arrays(places).cast(pa.uint64()))
        return found.take(order)

    def _one_by_one(self, texts: pa.Array, forwards: bool) -> pa.Array:
        work = self.encrypt if forwards else self.decrypt
        return pa.array([work(text) for text in texts.to_pylist()], pa.string())

    def _fast(self, texts: pa.Array, shape: _Shape, forwards: bool) -> pa.Array:
        """Texts of one length, whose halves fit 32 bits, so that y is the first 64 bits of R."""
        last = _xor(self._chain(bytes(16), shape.prefix), shape.rest + bytes(1 + shape.b))
        a, b = self._numbers(texts, 0, shape.u), self._numbers(texts, shape.u, shape.n)
        for i in range(ROUNDS) if forwards else reversed(range(ROUNDS)):
            modulus = self.radix ** (shape.u if i % 2 == 0 else shape.v)
            head, tail = int.from_bytes(last[:8]), int.from_bytes(last[8:]) ^ (i << (8 * shape.b))
            y = _remainder(self._first_words(b if forwards else a, head, tail), modulus)
            if forwards:
                a, b = b, _less(pc.add(a, y), modulus)
            else:
                a, b = _less(pc.subtract(pc.add(b, pa.scalar(modulus, pa.uint64())), y), modulus), a
        return pc.binary_join_element_wise(self._numerals(a, shape.u), self._numerals(b, shape.v), "")

    def _first_words(self, numbers: pa.Array, head: int, tail: int) -> pa.Array:
        """The first 64 bits of AES(head ‖ tail xor number), for all numbers in one call."""
        low = array("Q")
        low.frombytes(pc.bit_wise_xor(numbers, pa.scalar(tail, pa.uint64())).buffers()[1])
        del low[len(numbers) :]  # buffers may be padded
        blocks = array("Q", [head]) * (2 * len(low))
        blocks[1::2] = low
        if sys.byteorder == "little":
            blocks.byteswap()
        out = array("Q")
        out.frombytes(self._aes.update(memoryview(blocks).cast("B")))
        first = out[0::2]
        if sys.byteorder == "little":
            first.byteswap()
        return _words(first)

    def _numbers(self, texts: pa.Array, start: int, stop: int) -> pa.Array:
        if self.alphabet == DIGITS:
            return pc.utf8_slice_codeunits(texts, start, stop).cast(pa.uint64())
        total = None
        for place in range(start, stop):
            signs = pc.utf8_slice_codeunits(texts, place, place + 1)
            value = pc.index_in(signs, pa.array(list(self.alphabet))).cast(pa.uint64())
            total = value if total is None else pc.add(pc.multiply(total, pa.scalar(self.radix, pa.uint64())), value)
        return total

    def _numerals(self, numbers: pa.Array, length: int) -> pa.Array:
        if self.alphabet == DIGITS:
            return pc.utf8_lpad(numbers.cast(pa.string()), length, "0")
        radix, signs, parts = pa.scalar(self.radix, pa.uint64()), pa.array(list(self.alphabet)), []
        for _ in range(length):
            rest = pc.divide(numbers, radix)
            parts.append(signs.take(pc.subtract(numbers, pc.multiply(rest, radix))))
            numbers = rest
        return pc.binary_join_element_wise(*reversed(parts), "")


class _Shape:
    """The lengths of steps 1 to 5 and the constant parts of the round function's input."""

    def __init__(self, n: int, radix: int, tweak: bytes) -> None:
        self.n, self.radix = n, radix
        self.u = n // 2
        self.v = n - self.u
        self.b = ((radix**self.v - 1).bit_length() + 7) // 8
        self.d = 4 * -(-self.b // 4) + 4
        p = bytes([1, 2, 1]) + radix.to_bytes(3) + bytes([10, self.u % 256]) + n.to_bytes(4) + len(tweak).to_bytes(4)
        q = tweak + bytes(-(len(tweak) + self.b + 1) % 16)
        whole = len(q) // 16 * 16
        self.prefix, self.rest = p + q[:whole], q[whole:]


def _xor(a: bytes, b: bytes) -> bytes:
    return (int.from_bytes(a) ^ int.from_bytes(b)).to_bytes(16)


def _words(items: array[int]) -> pa.Array:
    return pa.Array.from_buffers(pa.uint64(), len(items), [None, pa.py_buffer(items)])


def _remainder(numbers: pa.Array, modulus: int) -> pa.Array:
    unit = pa.scalar(modulus, pa.uint64())
    return pc.subtract(numbers, pc.multiply(pc.divide(numbers, unit), unit))


def _less(numbers: pa.Array, modulus: int) -> pa.Array:
    """Numbers below twice the modulus, brought below it."""
    unit = pa.scalar(modulus, pa.uint64())
    return pc.subtract(numbers, pc.if_else(pc.greater_equal(numbers, unit), unit, pa.scalar(0, pa.uint64())))


def _class(alphabet: str) -> str:
    return "".join(f"\\x{{{ord(sign):x}}}" for sign in alphabet)
