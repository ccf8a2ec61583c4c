"""The growing right edge of the tree. It keeps O(log n) hashes, so memory does not grow with the log."""

from collections.abc import Iterable

from shugang.evidence.hashing import EMPTY_ROOT, HASH_SIZE, node_hash
from shugang.evidence.tiles import HEIGHT, WIDTH, Tile, Tiles, node_at, width_at

_FULL = WIDTH * HASH_SIZE


class Tree:
    """Append-only RFC 6962 tree of `size` leaves.

    `_peaks`: roots of the perfect subtrees, largest first, one per 1-bit of size.
    `_edges[L]`: hashes of the partial tile at level L, shorter than 8,192 bytes."""

    def __init__(self) -> None:
        self.size = 0
        self._peaks: list[bytes] = []
        self._edges: list[bytearray] = []

    @classmethod
    def load(cls, size: int, tiles: Tiles) -> "Tree":
        """The edge of a stored tree. Nothing below the edge is read: compare `root()` with a signed one."""
        tree = cls()
        tree.size = size
        level = 0
        while size >> (HEIGHT * level):
            n = size >> (HEIGHT * (level + 1))
            tree._edges.append(bytearray(tiles(level, n) if width_at(size, level, n) else b""))
            level += 1
        heights = [height for height in reversed(range(size.bit_length())) if size >> height & 1]
        tree._peaks = [node_at(tree.edge_tile, height, (size >> height) - 1) for height in heights]
        return tree

    def copy(self) -> "Tree":
        """An independent tree: what is appended to it can be dropped with it."""
        twin = Tree()
        twin.size = self.size
        twin._peaks = self._peaks.copy()
        twin._edges = [edge.copy() for edge in self._edges]
        return twin

    def append(self, leaves: Iterable[bytes]) -> list[Tile]:
        """Add leaf hashes; returns the tiles that became full, in the order in which they did."""
        full: list[Tile] = []
        for leaf in leaves:
            self._edge(0).extend(leaf)
            node, height, rest = leaf, 0, self.size
            while rest & 1:
                node = node_hash(self._peaks.pop(), node)
                rest >>= 1
                height += 1
                if height % HEIGHT == 0:
                    self._roll(full, height // HEIGHT, node)
            self._peaks.append(node)
            self.size += 1
        return full

    def _edge(self, level: int) -> bytearray:
        if level == len(self._edges):
            self._edges.append(bytearray())
        return self._edges[level]

    def _roll(self, full: list[Tile], level: int, node: bytes) -> None:
        # A subtree of height 8·level is complete: so is the tile below, of which it is the root.
        below = self._edges[level - 1]
        full.append(Tile(level - 1, self.size >> (HEIGHT * level), WIDTH, bytes(below)))
        below.clear()
        self._edge(level).extend(node)

    def root(self) -> bytes:
        """Merkle tree hash at the present size; SHA-256("") for the empty tree."""
        if not self._peaks:
            return EMPTY_ROOT
        root = self._peaks[-1]
        for peak in self._peaks[-2::-1]:
            root = node_hash(peak, root)
        return root

    def edge_tile(self, level: int, n: int) -> bytes:
        """The partial tile (level, n), or b"" when that tile is not the partial one."""
        on_edge = level < len(self._edges) and n == self.size >> (HEIGHT * (level + 1))
        return bytes(self._edges[level]) if on_edge else b""

    def partial_tiles(self) -> list[Tile]:
        """The partial tiles that a checkpoint of this size needs; empty ones are never served."""
        return [
            Tile(level, self.size >> (HEIGHT * (level + 1)), len(edge) // HASH_SIZE, bytes(edge))
            for level, edge in enumerate(self._edges)
            if edge
        ]
