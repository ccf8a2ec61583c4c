"""A shared table and the versions of it that a contract covers."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from shugang.policy.codec import Fields, Json, TermsError, field_names, to_iso, to_list
from shugang.policy.columns import Column
from shugang.policy.sources.columned import Columned
from shugang.policy.text import Text


@dataclass(frozen=True)
class TableVersion:
    """One stored state of a table: `path` relative to the vault root, `sha256` of the file, when it was published."""

    version: int
    path: str
    sha256: str
    at: datetime

    def to_json(self) -> Json:
        return {"version": self.version, "path": self.path, "sha256": self.sha256, "at": to_iso(self.at)}

    @classmethod
    def from_json(cls, data: object, where: str = "version") -> "TableVersion":
        f = Fields(data, where, field_names(cls))
        return cls(f.whole("version"), f.text("path"), f.text("sha256"), f.instant("at"))


# Which versions of its data a contract covers: the one it names, that one and those published later, or all of them.
VERSIONS = ("this", "later", "all")
MOST_VERSIONS = 100


@dataclass(frozen=True)
class TableSource(Columned):
    """A hosted table served as a share. `version`, `path`, `sha256`, `at` are its newest state under the grant,
    `history` the older ones, ascending. `versions` says which the contract covers; `key_columns` identify a row in the
    change feed; `partition` names the columns by whose values its files are cut."""

    share: str
    schema: str
    table: str
    dataset: str
    version: int
    path: str
    sha256: str
    columns: tuple[Column, ...]
    at: datetime | None = None
    versions: str = "this"
    history: tuple[TableVersion, ...] = ()
    key_columns: tuple[str, ...] = ()
    partition: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("history", "key_columns", "partition"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        numbers = [*(state.version for state in self.history), self.version]
        if numbers != sorted(set(numbers)) or len(numbers) > MOST_VERSIONS or (self.history and self.at is None):
            text = Text("数据版本须由旧到新排列且不超过上限。", "Versions must ascend and be within the limit.")
            raise TermsError("bad_source", text, "source.history")

    def states(self) -> tuple[TableVersion, ...]:
        """All that is served, ascending; the last one is the newest. A version of unknown time counts as of 1970."""
        newest = TableVersion(self.version, self.path, self.sha256, self.at or datetime.fromtimestamp(0, UTC))
        return (*self.history, newest)

    def at_version(self, version: int) -> "TableSource | None":
        """This table as it stood at one of its versions."""
        for state in self.states():
            if state.version == version:
                return replace(self, version=version, path=state.path, sha256=state.sha256, at=state.at, history=())
        return None

    def to_json(self) -> Json:
        document: Json = {
            "type": "table",
            "share": self.share,
            "schema": self.schema,
            "table": self.table,
            "dataset": self.dataset,
            "version": self.version,
            "path": self.path,
            "sha256": self.sha256,
            "columns": to_list(self.columns),
        }
        # What is not used is not written, so that a signed contract keeps its digest.
        if self.at is not None:
            document["at"] = to_iso(self.at)
        if self.versions != "this":
            document["versions"] = self.versions
        if self.history:
            document["history"] = to_list(self.history)
        for name in ("key_columns", "partition"):
            if value := getattr(self, name):
                document[name] = list(value)
        return document

    @classmethod
    def from_json(cls, data: object, where: str = "source") -> "TableSource":
        f = Fields(data, where, {"type"} | field_names(cls))
        return cls(
            f.text("share"),
            f.text("schema"),
            f.text("table"),
            f.text("dataset"),
            f.whole("version"),
            f.text("path"),
            f.text("sha256"),
            f.items("columns", Column.from_json),
            f.instant("at") if "at" in f.data else None,
            f.text("versions", VERSIONS) if "versions" in f.data else "this",
            f.items("history", TableVersion.from_json) if "history" in f.data else (),
            f.texts("key_columns") if "key_columns" in f.data else (),
            f.texts("partition") if "partition" in f.data else (),
        )
