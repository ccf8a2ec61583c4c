"""Inclusion and consistency proofs: made from tree nodes (RFC 6962 §2.1), checked as RFC 9162 §2.1.3–4 says.

The two halves share no code, so that a mistake in one is seen by the other."""

from collections.abc import Callable, Sequence

from shugang.evidence.errors import VerificationError
from shugang.evidence.hashing import EMPTY_ROOT, HASH_SIZE, node_hash

Node = Callable[[int, int], bytes]
"""(height, index) → hash of the perfect subtree over leaves [index·2^height, (index+1)·2^height)."""


def range_root(start: int, end: int, node: Node) -> bytes:
    """Root over leaves [start, end), where start is a multiple of a power of two that is ≥ end - start."""
    parts: list[bytes] = []
    while start < end:
        height = (end - start).bit_length() - 1
        parts.append(node(height, start >> height))
        start += 1 << height
    if not parts:
        return EMPTY_ROOT
    root = parts.pop()
    while parts:
        root = node_hash(parts.pop(), root)
    return root


def inclusion_proof(index: int, size: int, node: Node) -> list[bytes]:
    """PATH(index, D[size]), from the leaf's sibling up. ValueError when the leaf is not in the tree."""
    if not 0 <= index < size:
        raise ValueError(f"no leaf {index} in a tree of {size}")
    start, end, path = 0, size, []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(range_root(middle, end, node))
            end = middle
        else:
            path.append(range_root(start, middle, node))
            start = middle
    return path[::-1]


def consistency_proof(old: int, new: int, node: Node) -> list[bytes]:
    """PROOF(old, D[new]); empty from the empty tree and between equal sizes. ValueError when old > new."""
    if not 0 <= old <= new:
        raise ValueError(f"no consistency from {old} to {new}")
    if old in (0, new):
        return []
    start, end, path, whole = 0, new, [], True
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(range_root(middle, end, node))
            end = middle
        else:
            path.append(range_root(start, middle, node))
            start, whole = middle, False
    return ([] if whole else [range_root(start, end, node)]) + path[::-1]


def _split(count: int) -> int:
    return 1 << ((count - 1).bit_length() - 1)


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> None:
    """RFC 9162 §2.1.3.2. VerificationError unless the leaf hash stands at index in the tree (size, root)."""
    _check_hashes([leaf, root, *proof])
    if not 0 <= index < size:
        raise VerificationError(f"no leaf {index} in a tree of {size}")
    at, last, value = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise VerificationError("inclusion proof is too long")
        if at & 1 or at == last:
            value = node_hash(sibling, value)
            at, last = _skip_left(at, last)
        else:
            value = node_hash(value, sibling)
        at, last = at >> 1, last >> 1
    if last != 0 or value != root:
        raise VerificationError("inclusion proof does not lead to the root")


def verify_consistency(old: int, new: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes) -> None:
    """RFC 9162 §2.1.4.2. VerificationError unless (old, old_root) is a prefix of (new, new_root)."""
    _check_hashes([old_root, new_root, *proof])
    if not 0 <= old <= new:
        raise VerificationError(f"no consistency from {old} to {new}")
    if old in (0, new):
        equal = old_root == new_root if old == new else old_root == EMPTY_ROOT
        if proof or not equal or (new == 0 and new_root != EMPTY_ROOT):
            raise VerificationError("roots of equal or empty trees differ")
        return
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    if not path:
        raise VerificationError("consistency proof is too short")
    at, last = old - 1, new - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    was, now = path[0], path[0]
    for sibling in path[1:]:
        if last == 0:
            raise VerificationError("consistency proof is too long")
        if at & 1 or at == last:
            was, now = node_hash(sibling, was), node_hash(sibling, now)
            at, last = _skip_left(at, last)
        else:
            now = node_hash(now, sibling)
        at, last = at >> 1, last >> 1
    if last != 0 or was != old_root or now != new_root:
        raise VerificationError("the trees are not consistent")


def _skip_left(at: int, last: int) -> tuple[int, int]:
    while at and not at & 1:
        at, last = at >> 1, last >> 1
    return at, last


def _check_hashes(hashes: Sequence[bytes]) -> None:
    # Without this a proof could shift bytes between neighbours.
    if any(len(value) != HASH_SIZE for value in hashes):
        raise VerificationError(f"a hash has {HASH_SIZE} bytes")
