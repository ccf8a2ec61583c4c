"""Layout of a tiled log: paths, widths and entry bundles (C2SP tlog-tiles). No files are touched here.

A tile is named by (level, n); `width` counts its hashes or entries, 1–256. Level "entries" names the bundles."""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from shugang.evidence.entry import MAX_ENTRY_SIZE
from shugang.evidence.errors import FormatError, MissingDataError
from shugang.evidence.hashing import HASH_SIZE, parents

HEIGHT = 8
WIDTH = 1 << HEIGHT
CHECKPOINT = "checkpoint"
ENTRIES: Literal["entries"] = "entries"
Level = int | Literal["entries"]
Fetch = Callable[[str], bytes | None]
"""Path below the log's prefix → bytes, or None where there is no such file."""
Tiles = Callable[[int, int], bytes]
"""(level, n) → the hashes of that tile, as many as the tree has there."""

_PATH = re.compile(r"tile/(entries|[0-9]|[1-5][0-9]|6[0-3])/((?:x\d{3}/)*)(\d{3})(?:\.p/([1-9]\d{0,2}))?")


class Tile(NamedTuple):
    """One tile or bundle, and its bytes."""

    level: Level
    n: int
    width: int
    data: bytes

    @property
    def path(self) -> str:
        return tile_path(self.level, self.n, self.width)


def tile_path(level: Level, n: int, width: int = WIDTH) -> str:
    """`tile/<L>/<N>[.p/<W>]`; 1234067 → `x001/x234/067`. ValueError for a width that must not be served."""
    if not 1 <= width <= WIDTH or n < 0:
        raise ValueError(f"no tile {level}/{n} of width {width}")
    digits = str(n)
    digits = digits.zfill(-(-len(digits) // 3) * 3)
    groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
    name = "/".join(["x" + group for group in groups[:-1]] + groups[-1:])
    return f"tile/{level}/{name}" + (f".p/{width}" if width < WIDTH else "")


def parse_path(path: str) -> tuple[Level, int, int] | None:
    """(level, n, width) of a well-formed path, else None: the guard of every file access and HTTP route."""
    match = _PATH.fullmatch(path)
    if not match:
        return None
    level: Level = ENTRIES if match[1] == ENTRIES else int(match[1])
    n = int(match[2].replace("x", "").replace("/", "") + match[3])
    width = int(match[4] or WIDTH)
    well_formed = (match[4] is None or width < WIDTH) and tile_path(level, n, width) == path
    return (level, n, width) if well_formed else None


def width_at(size: int, level: Level, n: int) -> int:
    """Hashes (or entries) that tile n of this level holds in a tree of `size` leaves; 0: there is none."""
    shift = 0 if level == ENTRIES else HEIGHT * level
    return max(0, min(WIDTH, (size >> shift) - n * WIDTH))


def fetch_tile(fetch: Fetch, level: Level, n: int, width: int) -> bytes:
    """The first `width` hashes of a tile, or the whole bundle that holds the first `width` entries.

    A partial tile may be gone once the full one exists, so that is asked for next. MissingData-, FormatError."""
    data = fetch(tile_path(level, n, width))
    if data is None and width < WIDTH:
        data = fetch(tile_path(level, n))
    if data is None:
        raise MissingDataError(f"no {tile_path(level, n, width)}")
    if level == ENTRIES:
        return data
    if len(data) not in (width * HASH_SIZE, WIDTH * HASH_SIZE):
        raise FormatError(f"{tile_path(level, n, width)} has {len(data)} bytes")
    return data[: width * HASH_SIZE]


def tiles_of(fetch: Fetch, size: int) -> Tiles:
    """Reads the tiles of a tree of `size` leaves, each once."""
    seen: dict[tuple[int, int], bytes] = {}

    def tiles(level: int, n: int) -> bytes:
        if (level, n) not in seen:
            seen[level, n] = fetch_tile(fetch, level, n, width_at(size, level, n))
        return seen[level, n]

    return tiles


def node_at(tiles: Tiles, height: int, index: int) -> bytes:
    """Hash of the perfect subtree over leaves [index·2^height, (index+1)·2^height)."""
    level, above = divmod(height, HEIGHT)
    n, place = divmod(index, WIDTH >> above)
    node = _nodes_within(tiles(level, n))[above][place * HASH_SIZE : (place + 1) * HASH_SIZE]
    if len(node) != HASH_SIZE:
        raise MissingDataError(f"{tile_path(level, n)} is too short for its tree")
    return node


@lru_cache(maxsize=512)
def _nodes_within(row: bytes) -> list[bytes]:
    """By height within one tile, the concatenated hashes of its complete subtrees. Upper tiles serve many proofs, so the
    last ones are kept (about 24 kB each)."""
    nodes = [row]
    for _ in range(HEIGHT):
        nodes.append(parents(nodes[-1]))
    return nodes


def encode_bundle(entries: Sequence[bytes]) -> bytes:
    """uint16 big-endian length ‖ entry, for each entry."""
    return b"".join([frame(entry) for entry in entries])


def frame(entry: bytes) -> bytes:
    """One entry as it stands in its bundle. FormatError when it is empty or does not fit."""
    if not 0 < len(entry) <= MAX_ENTRY_SIZE:
        raise FormatError(f"an entry has 1 to {MAX_ENTRY_SIZE} bytes, not {len(entry)}")
    return len(entry).to_bytes(2, "big") + entry


def _frames(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        end = at + 2 + int.from_bytes(data[at : at + 2], "big")
        if at + 2 > len(data) or end > len(data):
            raise FormatError("entry bundle is cut short")
        yield data[at + 2 : end]
        at = end


def decode_bundle(data: bytes, width: int) -> list[bytes]:
    """The first `width` entries of a bundle that holds exactly `width`, or is full. FormatError otherwise."""
    entries = list(_frames(data))
    if len(entries) not in (width, WIDTH):
        raise FormatError(f"entry bundle holds {len(entries)} entries, {width} expected")
    return entries[:width]
