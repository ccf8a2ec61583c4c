"""Sources in the vault: a version of a hosted dataset, by the path and digest of its stored file."""

from dataclasses import dataclass
from datetime import datetime

from shugang.policy.codec import Fields, Json, field_names, to_iso, to_list
from shugang.policy.columns import Column
from shugang.policy.sources.columned import Columned


@dataclass(frozen=True)
class ApiSource(Columned):
    """A hosted table answered one key at a time by `key_column`."""

    dataset: str
    version: int
    path: str
    sha256: str
    key_column: str
    columns: tuple[Column, ...]

    def to_json(self) -> Json:
        return {
            "type": "api",
            "dataset": self.dataset,
            "version": self.version,
            "path": self.path,
            "sha256": self.sha256,
            "key_column": self.key_column,
            "columns": to_list(self.columns),
        }

    @classmethod
    def from_json(cls, data: object, where: str = "source") -> "ApiSource":
        f = Fields(data, where, {"type"} | field_names(cls))
        return cls(
            f.text("dataset"),
            f.whole("version"),
            f.text("path"),
            f.text("sha256"),
            f.text("key_column"),
            f.items("columns", Column.from_json),
        )


@dataclass(frozen=True)
class SqlSource(Columned):
    """A hosted table under the name by which the buyer's own queries know it."""

    table: str
    dataset: str
    version: int
    path: str
    sha256: str
    columns: tuple[Column, ...]

    def to_json(self) -> Json:
        return {
            "type": "sql",
            "table": self.table,
            "dataset": self.dataset,
            "version": self.version,
            "path": self.path,
            "sha256": self.sha256,
            "columns": to_list(self.columns),
        }

    @classmethod
    def from_json(cls, data: object, where: str = "source") -> "SqlSource":
        f = Fields(data, where, {"type"} | field_names(cls))
        return cls(
            f.text("table"),
            f.text("dataset"),
            f.whole("version"),
            f.text("path"),
            f.text("sha256"),
            f.items("columns", Column.from_json),
        )


@dataclass(frozen=True)
class FileSource(Columned):
    """A hosted table downloaded whole; `name` is what the file is called, without its ending."""

    name: str
    dataset: str
    version: int
    path: str
    sha256: str
    columns: tuple[Column, ...]

    def to_json(self) -> Json:
        return {
            "type": "file",
            "name": self.name,
            "dataset": self.dataset,
            "version": self.version,
            "path": self.path,
            "sha256": self.sha256,
            "columns": to_list(self.columns),
        }

    @classmethod
    def from_json(cls, data: object, where: str = "source") -> "FileSource":
        f = Fields(data, where, {"type"} | field_names(cls))
        return cls(
            f.text("name"),
            f.text("dataset"),
            f.whole("version"),
            f.text("path"),
            f.text("sha256"),
            f.items("columns", Column.from_json),
        )


@dataclass(frozen=True)
class PushSource(Columned):
    """A hosted table written to a place that the buyer registered and names when he asks. `versions`: whether the
    contract covers versions published later ("later") or its own alone ("this"). `at`: when this one was published."""

    versions: str
    dataset: str
    version: int
    path: str
    sha256: str
    columns: tuple[Column, ...]
    at: datetime | None = None

    def to_json(self) -> Json:
        document: Json = {
            "type": "push",
            "versions": self.versions,
            "dataset": self.dataset,
            "version": self.version,
            "path": self.path,
            "sha256": self.sha256,
            "columns": to_list(self.columns),
        }
        # What is not used is not written, so that a signed contract keeps its digest.
        return document if self.at is None else {**document, "at": to_iso(self.at)}

    @classmethod
    def from_json(cls, data: object, where: str = "source") -> "PushSource":
        f = Fields(data, where, {"type"} | field_names(cls))
        return cls(
            f.text("versions", ("this", "later")),
            f.text("dataset"),
            f.whole("version"),
            f.text("path"),
            f.text("sha256"),
            f.items("columns", Column.from_json),
            f.instant("at") if "at" in f.data else None,
        )
