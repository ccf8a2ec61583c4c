"""The text index in files, by tantivy (MIT, optional): the same questions as `textstore`, answered the same, faster over many.

A folder holds one index and `position.json`: how far it has come along its feed, by the words of whoever feeds it. One process writes
(tantivy keeps a lock); any number read, each looking whether the position moved before it answers. Nothing is kept here that the
database does not have: a folder that is lost is built anew.
"""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from . import textstore, textwords
from .textindex import Document
from .textstore import FIELDS, Groups
from .textwords import Phrase, Term

_GAP = " zzzgap "  # between fields, so that no phrase runs from one into the next; no query has this word
_HEAP = 128_000_000


def available() -> bool:
    return find_spec("tantivy") is not None


@dataclass(frozen=True)
class Position:
    """`epoch` and `sequence` as the feed counts; `after`: the building goes on behind this object, None when it is whole."""

    epoch: str = ""
    sequence: int = 0
    after: int | None = 0


class Engine:
    """One index in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lock = threading.Lock()
        self._read: tuple[int, Position, Any] = (
            0,
            Position(),
            None,
        )  # the position file's time, what it says, the open index

    def position(self) -> Position:
        return self._current()[0]

    def _current(self) -> tuple[Position, Any]:
        """The position and its index, opened or reloaded where the file has changed."""
        try:
            at = (self.folder / "position.json").stat().st_mtime_ns
        except FileNotFoundError:
            return Position(), None
        if self._read[0] != at:
            with self._lock:
                if self._read[0] != at:
                    self._read = (at, *self._opened())
        return self._read[1], self._read[2]

    def _opened(self) -> tuple[Position, Any]:
        import tantivy

        position = Position(**json.loads((self.folder / "position.json").read_text()))
        _, known, index = self._read
        if index is None or known.epoch != position.epoch:
            index = tantivy.Index.open(str(self.folder / position.epoch))
            index.config_reader(reload_policy="manual")
        index.reload()
        return position, index

    def begin(self, epoch: str, sequence: int) -> None:
        """An empty index for a new epoch; the former one is read no more."""
        import tantivy

        for old in self.folder.glob("*/"):
            shutil.rmtree(old, ignore_errors=True)
        (self.folder / epoch).mkdir(parents=True)
        builder = tantivy.SchemaBuilder().add_integer_field("id", stored=False, indexed=True, fast=True)
        builder = builder.add_text_field("key", tokenizer_name="raw", index_option="basic")
        for name in ("text", "names", "passed"):
            option = "basic" if name == "passed" else "position"
            builder = builder.add_text_field(name, tokenizer_name="whitespace", index_option=option)
        tantivy.Index(builder.build(), str(self.folder / epoch))
        self._told(Position(epoch, sequence, 0))

    def write(
        self, kind: str, documents: Sequence[tuple[int, Document]], gone: Iterable[str], position: Position
    ) -> None:
        """Put documents by their numbers, take away those of the keys that are gone, and stand at `position`. All of it or, where the process dies,
        nothing that is not simply done again. ValueError where another process writes."""
        import tantivy

        index = tantivy.Index.open(str(self.folder / position.epoch))
        writer = index.writer(_HEAP, 1)
        for key in (*gone, *(document.key for _, document in documents)):
            writer.delete_documents_by_term("key", f"{kind}:{key}")
        for pk, document in documents:
            told = [" ".join(textwords.tokens(textwords.normalise(getattr(document, name)))) for name in FIELDS]
            passed = " ".join(_passed(f) for f in sorted({f"kind:{kind}", *document.filters}))
            writer.add_document(
                tantivy.Document(
                    id=pk, key=f"{kind}:{document.key}", text=_GAP.join(told), names=_GAP.join(told[:2]), passed=passed
                )
            )
        writer.commit()
        writer.wait_merging_threads()
        self._told(position)

    def _told(self, position: Position) -> None:
        made = self.folder / "position.new"
        made.write_text(json.dumps(asdict(position)))
        made.replace(self.folder / "position.json")

    def matching(self, kind: str, groups: Groups, filters: Sequence[str], limit: int, first_fields: bool = False) -> list[int]:  # fmt: skip
        """As `textstore.matching`, which answers what an index of words cannot: a beginning that goes on in too many words."""
        import tantivy

        if not groups or not all(groups):
            return []
        index = self._current()[1]
        must, should = tantivy.Occur.Must, tantivy.Occur.Should
        field, query = "names" if first_fields else "text", tantivy.Query
        words = [query.boolean_query([(must, _term(index.schema, field, term)) for term in group]) for group in groups]
        parts = [(must, query.boolean_query([(should, w) for w in words]))]
        parts += [(must, query.term_query(index.schema, "passed", _passed(f))) for f in (f"kind:{kind}", *filters)]
        try:
            found = index.searcher().search(query.boolean_query(parts), limit, count=False, order_by_field="id")
        except ValueError:
            return textstore.matching(kind, groups, filters, limit, first_fields)
        return [pk for pk, _ in found.hits]


def _passed(name: str) -> str:
    return textstore.marked(name, "zzf")


def _term(schema: Any, field: str, term: Term) -> Any:
    import tantivy

    return tantivy.Query.boolean_query([(tantivy.Occur.Should, _phrase(schema, field, p)) for p in term.phrases])


def _phrase(schema: Any, field: str, phrase: Phrase) -> Any:
    import tantivy

    query, goes_on = tantivy.Query, textstore.goes_on(phrase[-1])
    if goes_on:  # tokens are letters and digits only, so none has to be escaped
        words = [*phrase[:-1], phrase[-1] + ".*"]
        return query.regex_phrase_query(schema, field, words) if len(phrase) > 1 else query.regex_query(schema, field, words[0])  # fmt: skip
    return (
        query.phrase_query(schema, field, list(phrase))
        if len(phrase) > 1
        else query.term_query(schema, field, phrase[0])
    )
