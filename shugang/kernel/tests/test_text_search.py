"""The text index finds whatever a plain substring search finds, ranks by field, and says why; on both databases."""

from __future__ import annotations

import random

import pytest

from shugang.kernel import textindex, textwords
from shugang.kernel.textindex import Document

pytestmark = [pytest.mark.django_db, pytest.mark.both]
DOCUMENTS = [
    Document("air", "厦门空气质量站点小时值（PM2.5）", "station 站点 pm25 浓度μg/m³ Hygiene-index v3.1", "环境 监测", "每小时，2020-03-26至04-08。", ("sector:N",)),
    Document("phone", "手机号段归属地查询API", "prefix7 号段 carrier 运营商", "通信", "１９２６个号段；覆盖３５２号段前缀", ("sector:I",)),
    Document("bank", "银行SWIFT代码", "swift_code BIC8/11位 C++示例", "金融 registry", "ＡＢＣＤＣＮＢＪ等2,652行", ("sector:J",)),
    Document("bird", "鳥類観察きろく𠮷野", "Ünïcode naïve Σύνολο", "", "“云顶岩”一带；见附件★", ("sector:N",)),
]  # fmt: skip

QUERIES = [
    ("空气 站点", ["air"]),
    ("352", ["phone"]),  # full-width digits
    ("iene", ["air"]),  # inside a word
    ("ygiene-in", ["air"]),
    ("气质", ["air"]),
    ("质空", []),
    ("c++", ["bank"]),
    ("银行 号段", ["phone", "bank"]),  # none holds both: each holds one
    ("厦门市空气质量", ["air"]),  # no such phrase: most of its pairs
    ("NEAR/2 OR AND", []),
    ("zzfsectorz3an", []),  # the filters are no text
    ("x" * 100, []),
]


def keys(query: str, *filters: str) -> list[str]:
    found = textindex.find("thing", query, filters)
    return [hit.key for hit in found.hits]


def test_every_substring_of_every_field_finds_its_object():
    textindex.put_many("thing", DOCUMENTS)
    chance = random.Random(11)
    missed = []
    for document in DOCUMENTS:
        for text in (document.title, document.body, document.summary):
            for _ in range(14):
                start = chance.randrange(len(text))
                piece = text[start : start + chance.randint(1, 7)]
                found = keys(piece)
                # A Latin letter that begins a word elsewhere is found there; otherwise the object itself is found.
                first = textwords.normalise(piece)[:1]
                latin = first.isascii() and first.isalnum()
                if piece.strip() and document.key not in found and not (latin and found):
                    missed.append((document.key, piece))
    assert missed == []


@pytest.mark.parametrize(("query", "found"), QUERIES)
def test_queries(query, found):
    textindex.put_many("thing", DOCUMENTS)
    textindex.put("other", "air", "厦门空气质量站点", "银行")
    assert sorted(keys(query)) == sorted(found)


def test_fields_weigh_and_hits_say_why():
    for key, fields in {"d": ("x", "空气"), "c": ("x", "", "", "空气"), "b": ("x", "", "空气"), "a": ("空气",)}.items():
        textindex.put("thing", key, *fields)
    found = textindex.find("thing", "空气")
    assert [(h.key, h.matched) for h in found.hits] == [
        ("a", (("空气", "title"),)), ("b", (("空气", "keywords"),)), ("c", (("空气", "summary"),)), ("d", (("空气", "body"),))
    ]  # fmt: skip
    assert not any(h.partly for h in found.hits) and found.partly == 0
    both = textindex.find("thing", "空气 x")
    assert [(h.key, h.partly) for h in both.hits][-1] == ("a", True) and both.partly == 1


def test_filters_narrow_and_many_are_not_counted(monkeypatch):
    textindex.put_many("thing", DOCUMENTS)
    assert sorted(keys("号段 空气 云顶岩", "sector:N")) == ["air", "bird"]
    assert keys("号段", "sector:J") == []
    textindex.put_many("thing", [Document(f"n{i}", f"名册第{i}卷") for i in range(6)])
    monkeypatch.setattr(textindex, "MANY", 4)
    monkeypatch.setattr(textindex, "FEW", 2)
    monkeypatch.setattr(textindex, "RANKED", 2)
    found = textindex.find("thing", "名册")
    assert found.more and len(found.ids) == 4 and [h.key for h in found.hits] == ["n5", "n4"]
    assert textindex.search("thing", "名册", 3) == ["n5", "n4", "n3"]


def test_put_again_replaces_and_remove_removes():
    first = textindex.put("thing", "a", "旧名")
    assert textindex.put("thing", "a", "新名", filters=["sector:A"]) == first
    assert keys("旧名") == [] and keys("新名", "sector:A") == ["a"]
    textindex.remove("thing", "a")
    assert keys("新名") == []


def test_tokens_stand_side_by_side():
    assert textwords.tokens("pm2.5空气") == ["pm2", "zzq2e", "5", "空气", "气"]
    assert [t.phrases for t in textwords.terms("ＰＭ2.5 空气质,a")] == [
        (("pm2", "zzq2e", "5"),), (("空气", "气质"),), (("a",),)
    ]  # fmt: skip
    assert textwords.terms("气pm")[0].phrases == (("气", "pm"),) and textwords.terms("  ") == []


@pytest.mark.parametrize("others", [0, 3, 8])
def test_who_knows_its_own_documents_finds_the_same(monkeypatch, others):
    """Given newer documents of another kind with the same words, few or so many that they crowd ours out."""
    monkeypatch.setattr(textindex, "MANY", 5)
    monkeypatch.setattr(textindex, "RANKED", 4)
    monkeypatch.setattr(textindex, "MOSTLY", 0)
    mine = textindex.put_many("thing", [Document(f"t{n}", f"停车场数据{n}", "车位") for n in range(12)])
    textindex.put_many("other", [Document(f"o{n}", f"停车场数据{n}", "车位") for n in range(others)])
    asked: list[str] = []
    matching = textindex.textstore.matching
    monkeypatch.setattr(
        textindex.textstore, "matching", lambda kind, *a, **k: asked.append(kind) or matching(kind, *a, **k)
    )
    for query in ("停车", "场数据3", "车位", "没有"):
        plain = textindex.find("thing", query, matching=matching)
        asked.clear()
        assert textindex.find("thing", query, matching=textindex.among(set(mine))) == plain
        assert asked[0] == ""  # all kinds were asked first
        assert ("thing" in asked) or not others or not plain.more
    assert textindex.find("thing", "停车", ["sector:N"], matching=textindex.among(set(mine))) == textindex.find(
        "thing", "停车", ["sector:N"]
    )
