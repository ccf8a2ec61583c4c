"""A supplier's MQTT topics behind the plane."""

from dataclasses import dataclass
from typing import NoReturn

from shugang.policy.codec import Fields, Json, TermsError, field_names, to_list
from shugang.policy.columns import Column
from shugang.policy.sources.columned import Columned
from shugang.policy.text import Text

MOST_TOPICS = 20
MOST_WINDOW = 60


@dataclass(frozen=True)
class StreamSource(Columned):
    """The supplier's MQTT topics at `connector` (filters of MQTT 3.1.1 §4.7). Each message is a JSON object, or a list
    of them. `topic_column` names the column that holds the topic a message came by ("" where none does). Messages are
    metered by windows of at most `window_seconds`."""

    connector: str
    topics: tuple[str, ...]
    columns: tuple[Column, ...]
    topic_column: str
    window_seconds: int

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "topics", tuple(self.topics))
        if not 1 <= len(self.topics) <= MOST_TOPICS or not all(_is_filter(topic) for topic in self.topics):
            _refuse("bad_topic", "主题不符合 MQTT 规定。", "A topic filter is not one that MQTT knows.", "topics")
        if self.topic_column and self.topic_column not in {c.name for c in self.columns}:
            _refuse("bad_topic", "主题字段须是登记的字段。", "The topic's column must be declared.", "topic_column")
        if not 1 <= self.window_seconds <= MOST_WINDOW:
            _refuse("out_of_range", "计量窗口为1至60秒。", "A window takes 1 to 60 seconds.", "window_seconds")

    def to_json(self) -> Json:
        return {
            "type": "stream",
            "connector": self.connector,
            "topics": list(self.topics),
            "columns": to_list(self.columns),
            "topic_column": self.topic_column,
            "window_seconds": self.window_seconds,
        }

    @classmethod
    def from_json(cls, data: object, where: str = "source") -> "StreamSource":
        f = Fields(data, where, {"type"} | field_names(cls))
        return cls(
            f.text("connector"),
            f.texts("topics"),
            f.items("columns", Column.from_json),
            f.text("topic_column"),
            f.whole("window_seconds", 1, MOST_WINDOW),
        )


def _is_filter(topic: str) -> bool:
    levels = topic.split("/")
    inner = all(level in ("+", "#") or not set(level) & set("+#\x00") for level in levels)
    return 0 < len(topic.encode()) <= 1000 and inner and "#" not in levels[:-1] and not topic.startswith("$")


def _refuse(code: str, zh: str, en: str, where: str) -> NoReturn:
    raise TermsError(code, Text(zh, en), f"source.{where}")
