"""Trees and proofs against the vectors of the Certificate Transparency test suite and a recursive reference."""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shugang.evidence.errors import VerificationError
from shugang.evidence.hashing import EMPTY_ROOT, leaf_hash, node_hash
from shugang.evidence.proofs import (
    consistency_proof,
    inclusion_proof,
    range_root,
    verify_consistency,
    verify_inclusion,
)
from shugang.evidence.tiles import node_at, width_at
from shugang.evidence.tree import Tree

LEAVES = [
    bytes.fromhex(text)
    for text in ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
MOST = 70_000
HASHES = [leaf_hash(b"entry %d" % i) for i in range(MOST)]


def mth(start: int, end: int) -> bytes:
    """RFC 6962 §2.1, word for word."""
    if end - start <= 1:
        return HASHES[start] if end > start else EMPTY_ROOT
    k = 1
    while 2 * k < end - start:
        k *= 2
    return node_hash(_mth(start, start + k), _mth(start + k, end))


_mth = cache(mth)


def tree_of(hashes):
    """The tree, and a reader of its nodes from its tiles alone."""
    tree = Tree()
    tiles = {(tile.level, tile.n): tile.data for tile in tree.append(hashes)}
    tiles |= {(tile.level, tile.n): tile.data for tile in tree.partial_tiles()}
    return tree, lambda height, index: node_at(lambda level, n: tiles[level, n], height, index)


BIG, BIG_NODE = tree_of(HASHES)


@pytest.mark.parametrize("size", range(1, 9))
def test_known_roots(size):
    tree, _ = tree_of(map(leaf_hash, LEAVES[:size]))
    assert tree.root().hex() == ROOTS[size - 1]
    assert Tree().root() == EMPTY_ROOT


def test_known_inclusion_and_consistency_proofs():
    _, node = tree_of(map(leaf_hash, LEAVES))
    path = [value.hex()[:8] for value in inclusion_proof(5, 8, node)]
    assert path == ["bc1a0643", "ca854ea1", "d37ee418"]
    assert [v.hex()[:8] for v in inclusion_proof(0, 8, node)] == ["96a296d2", "5f083f0a", "6b47aaf2"]
    assert [v.hex()[:8] for v in inclusion_proof(1, 5, node)] == ["6e340b9c", "5f083f0a", "bc1a0643"]
    assert [v.hex()[:8] for v in inclusion_proof(2, 3, node)] == ["fac54203"]
    assert inclusion_proof(0, 1, node) == []
    assert [v.hex()[:8] for v in consistency_proof(1, 8, node)] == ["96a296d2", "5f083f0a", "6b47aaf2"]
    assert [v.hex()[:8] for v in consistency_proof(6, 8, node)] == ["0ebc5d34", "ca854ea1", "d37ee418"]
    assert [v.hex()[:8] for v in consistency_proof(2, 5, node)] == ["5f083f0a", "bc1a0643"]


def test_every_proof_of_every_small_tree_verifies():
    for size in range(1, 70):
        root = _mth(0, size)
        for index in range(size):
            verify_inclusion(HASHES[index], index, size, inclusion_proof(index, size, BIG_NODE), root)
        for old in range(size + 1):
            verify_consistency(old, size, consistency_proof(old, size, BIG_NODE), _mth(0, old), root)


around_tiles = st.sampled_from([1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 65_792, MOST])
sizes = around_tiles | st.integers(1, MOST)


@settings(max_examples=150, deadline=None)
@given(sizes, st.data())
def test_roots_and_proofs_at_any_size_agree_with_the_reference(size, data):
    root = _mth(0, size)
    assert range_root(0, size, BIG_NODE) == root
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(0, size))
    path = inclusion_proof(index, size, BIG_NODE)
    verify_inclusion(HASHES[index], index, size, path, root)
    proof = consistency_proof(old, size, BIG_NODE)
    verify_consistency(old, size, proof, _mth(0, old), root)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 700), max_size=8))
def test_appending_in_batches_gives_the_reference_root_and_a_copy_stands_alone(counts):
    tree = Tree()
    for count in counts:
        before, trial = (tree.size, tree.root()), tree.copy()
        trial.append(HASHES[tree.size : tree.size + count])
        assert (tree.size, tree.root()) == before
        tree = trial
        assert tree.root() == _mth(0, tree.size)


@settings(max_examples=40, deadline=None)
@given(sizes)
def test_a_tree_loaded_from_its_tiles_goes_on_as_if_it_never_stopped(size):
    tree = Tree()
    tiles = {(tile.level, tile.n): tile.data for tile in tree.append(HASHES[:size])}
    tiles |= {(tile.level, tile.n): tile.data for tile in tree.partial_tiles()}
    loaded = Tree.load(size, lambda level, n: tiles[level, n][: 32 * width_at(size, level, n)])
    assert loaded.root() == tree.root()
    more = [leaf_hash(b"more %d" % i) for i in range(300)]
    assert loaded.append(more) == tree.append(more)
    assert loaded.root() == tree.root()
    assert loaded.partial_tiles() == tree.partial_tiles()


def flip(value: bytes, at: int) -> bytes:
    at %= len(value) * 8
    changed = bytearray(value)
    changed[at // 8] ^= 1 << at % 8
    return bytes(changed)


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 3000), st.data())
def test_a_tampered_inclusion_proof_never_verifies(size, data):
    index = data.draw(st.integers(0, size - 1))
    root, path = _mth(0, size), inclusion_proof(index, size, BIG_NODE)
    bit = data.draw(st.integers(0, 255))
    bad = [
        (flip(HASHES[index], bit), index, size, path, root),
        (HASHES[index], index, size, path, flip(root, bit)),
        (HASHES[index], index, size, [*path, root], root),
        (HASHES[index], size, size, path, root),
        (HASHES[index], -1, size, path, root),
        (HASHES[index], index, size, [root[:31], *path], root),
    ]
    if path:
        which = data.draw(st.integers(0, len(path) - 1))
        changed = [flip(v, bit) if i == which else v for i, v in enumerate(path)]
        bad += [
            (HASHES[index], index, size, changed, root),
            (HASHES[index], index, size, path[:-1], root),
            (HASHES[index], index ^ 1, size, path, root),
        ]
    for case in bad:
        with pytest.raises(VerificationError):
            verify_inclusion(*case)


@settings(max_examples=150, deadline=None)
@given(st.integers(2, 3000), st.data())
def test_a_tampered_consistency_proof_never_verifies(new, data):
    old = data.draw(st.integers(1, new - 1))
    old_root, new_root = _mth(0, old), _mth(0, new)
    proof = consistency_proof(old, new, BIG_NODE)
    bit, which = data.draw(st.integers(0, 255)), data.draw(st.integers(0, len(proof) - 1))
    changed = [flip(v, bit) if i == which else v for i, v in enumerate(proof)]
    for case in [
        (old, new, changed, old_root, new_root),
        (old, new, proof[:-1], old_root, new_root),
        (old, new, [*proof, new_root], old_root, new_root),
        (old, new, proof, flip(old_root, bit), new_root),
        (old, new, proof, old_root, flip(new_root, bit)),
        (old, new, [], old_root, new_root),
        (new, old, proof, new_root, old_root),
        (old, old, [], old_root, new_root),
        (0, new, [], old_root, new_root),
        (0, new, proof, EMPTY_ROOT, new_root),
    ]:
        with pytest.raises(VerificationError):
            verify_consistency(*case)


def test_empty_trees():
    verify_consistency(0, 0, [], EMPTY_ROOT, EMPTY_ROOT)
    verify_consistency(0, 5, [], EMPTY_ROOT, _mth(0, 5))
    with pytest.raises(VerificationError):
        verify_consistency(0, 0, [], _mth(0, 1), _mth(0, 1))
    with pytest.raises(ValueError):
        inclusion_proof(0, 0, BIG_NODE)
    with pytest.raises(ValueError):
        consistency_proof(3, 2, BIG_NODE)


def test_a_proof_of_a_smaller_tree_does_not_pass_for_a_larger_one():
    root, proof = _mth(0, 4), inclusion_proof(1, 4, BIG_NODE)
    with pytest.raises(VerificationError):
        verify_inclusion(HASHES[1], 1, 8, proof, root)


def test_bytes_cannot_be_shifted_between_a_leaf_and_its_sibling():
    left, right, root = HASHES[0], HASHES[1], _mth(0, 2)
    with pytest.raises(VerificationError):
        verify_inclusion(left + right[:1], 0, 2, [right[1:]], root)
    with pytest.raises(VerificationError):
        verify_consistency(1, 2, [right[1:]], left + right[:1], root)
