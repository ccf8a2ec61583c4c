import pytest
from hypothesis import given
from hypothesis import strategies as st

from shugang.evidence.errors import FormatError, MissingDataError
from shugang.evidence.hashing import leaf_hash
from shugang.evidence.tiles import (
    ENTRIES,
    decode_bundle,
    encode_bundle,
    fetch_tile,
    frame,
    parse_path,
    tile_path,
    width_at,
)
from shugang.evidence.tree import Tree


def test_paths_are_those_of_the_specification():
    assert tile_path(0, 1234067) == "tile/0/x001/x234/067"
    assert tile_path(3, 0, 1) == "tile/3/000.p/1"
    assert tile_path(ENTRIES, 1000, 255) == "tile/entries/x001/000.p/255"


@pytest.mark.parametrize("width", [0, 257, -1])
def test_empty_and_overwide_tiles_have_no_path(width):
    with pytest.raises(ValueError):
        tile_path(0, 0, width)


@given(st.integers(0, 63) | st.just(ENTRIES), st.integers(0, 2**40), st.integers(1, 256))
def test_parse_is_the_inverse_of_path(level, n, width):
    assert parse_path(tile_path(level, n, width)) == (level, n, width)


@pytest.mark.parametrize(
    "path",
    [
        "tile/64/000",
        "tile/00/000",
        "tile/0/00",
        "tile/0/x000/001",
        "tile/0/0001",
        "tile/0/000.p/0",
        "tile/0/000.p/256",
        "tile/0/000.p/01",
        "tile/0/000.p/300",
        "tile/0/../000",
        "/tile/0/000",
        "tile/0/000\n",
        "tile/0/x00a/000",
        "tile/0/٠٠٠",
        "tile/data/000",
        "checkpoint",
        "",
    ],
)
def test_every_other_path_is_refused(path):
    assert parse_path(path) is None


def test_a_tree_of_70000_has_the_tiles_that_the_specification_counts():
    tree = Tree()
    full = tree.append(leaf_hash(b"%d" % i) for i in range(70_000))
    assert sum(tile.level == 0 for tile in full) == 273
    assert sum(tile.level == 1 for tile in full) == 1
    assert [(t.level, t.n, t.width) for t in tree.partial_tiles()] == [(0, 273, 112), (1, 1, 17), (2, 0, 1)]
    assert [width_at(70_000, level, n) for level, n in [(0, 272), (0, 273), (0, 274), (1, 1), (2, 0)]] == [
        256,
        112,
        0,
        17,
        1,
    ]


def test_a_tree_of_256_has_a_full_tile_and_a_partial_one_above_it():
    tree = Tree()
    full = tree.append(leaf_hash(b"%d" % i) for i in range(256))
    assert [tile.path for tile in full] == ["tile/0/000"]
    assert [tile.path for tile in tree.partial_tiles()] == ["tile/1/000.p/1"]


@given(st.lists(st.binary(min_size=1, max_size=300), min_size=1, max_size=20))
def test_a_bundle_gives_its_entries_back_and_nothing_when_cut(entries):
    data = encode_bundle(entries)
    assert decode_bundle(data, len(entries)) == entries
    for cut in (1, len(data) // 2, len(data) - 1):
        with pytest.raises(FormatError):
            decode_bundle(data[:cut] if cut < len(data) else b"", len(entries))
    with pytest.raises(FormatError):
        decode_bundle(data, len(entries) + 1)


def test_a_full_bundle_serves_a_smaller_tree():
    entries = [b"%d" % i for i in range(256)]
    assert decode_bundle(encode_bundle(entries), 7) == entries[:7]


def test_the_largest_entry_fits_and_one_byte_more_does_not():
    assert len(frame(b"x" * 65_535)) == 65_537
    for size in (0, 65_536):
        with pytest.raises(FormatError):
            frame(b"x" * size)


def test_a_partial_tile_that_was_cleared_away_is_read_from_the_full_one():
    files = {"tile/0/000": bytes(8192)}
    assert fetch_tile(files.get, 0, 0, 5) == bytes(160)
    with pytest.raises(MissingDataError):
        fetch_tile(files.get, 0, 1, 5)
    with pytest.raises(FormatError):
        fetch_tile({"tile/0/000.p/5": bytes(159)}.get, 0, 0, 5)
