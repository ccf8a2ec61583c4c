"""Our own CKAN API is read as a real peer; a hostile one is ended with the rule named, and nothing lands."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from shugang.kernel import engine
from shugang.kernel.errors import Refusal
from shugang.kernel.models import Case, Event
from shugang.parties.testing import make_actor, make_party
from shugang.publicdata.catalogue import content as contents
from shugang.publicdata.catalogue import publishing
from shugang.publicdata.catalogue.harvest import services
from shugang.publicdata.catalogue.harvest.models import Harvest, HarvestedEntry
from shugang.publicdata.catalogue.models import Filing, PublicResource
from shugang.publicdata.catalogue.testing import make_department, make_resource
from shugang.publicdata.sharing.testing import load_profiles

GIVEN = {"classification": "306001", "theme": "government", "update_cycle": "yearly", "sharing": "unconditional",
         "sharing_method": "platform", "opening": "conditional", "condition": "依申请"}  # fmt: skip


@pytest.fixture
def handler(settings):
    settings.SHUGANG_ALLOWED_NETWORKS = ["127.0.0.0/8"]
    load_profiles()
    make_party("data_office")
    return make_actor(make_department("示例统计局"))


class Peer:
    """A server that answers what `answer(start, how many asked before)` gives: a dictionary, or (status, bytes)."""

    def __init__(self, answer):
        peer = self
        self.asked: list[int] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                start = int(parse_qs(urlsplit(self.path).query).get("start", ["0"])[0])
                said = answer(start, len(peer.asked))
                peer.asked.append(start)
                status, body = said if isinstance(said, tuple) else (200, json.dumps(said).encode())
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                if status == 302:
                    self.send_header("Location", "http://169.254.169.254/")
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                return

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def peer():
    made = []

    def make(answer):
        made.append(Peer(answer))
        return made[-1]

    yield make
    for one in made:
        one.server.shutdown()
        one.server.server_close()


def package(n, **more):
    return {
        "id": f"p{n}",
        "name": f"p{n}",
        "title": f"示例目录{n}",
        "notes": "摘要",
        "resources": [{"name": "名单", "format": "CSV"}],
        **more,
    }


def result(count, rows):
    return {"success": True, "result": {"count": count, "results": rows}}


def harvest(handler, url, **more):
    return services.harvest(handler, {**GIVEN, "url": url, **more})


def counts():
    return [m.objects.count() for m in (PublicResource, Filing, Harvest, HarvestedEntry, Case, Event)]


def refused(act, *args, **more):
    before = counts()
    with pytest.raises(Refusal) as no:
        act(*args, **more)
    assert counts() == before
    return no.value.code


@pytest.mark.django_db(transaction=True)
def test_our_own_catalogue_is_read_by_another_department(handler, live_server):
    civil = make_department("示例民政局")
    theirs = [
        make_resource(civil, name=f"来源{n}", theme="civil", update_cycle="daily", items=["姓名", "登记日期"])
        for n in range(3)
    ]
    made = harvest(handler, live_server.url + "/api/3/action/package_list")
    assert (made.entries, made.new, made.mistaken, made.url) == (3, 3, 0, live_server.url)
    drafts = PublicResource.objects.filter(department_id=handler.party_id).order_by("name")
    assert [(d.name, d.state, d.theme, d.update_cycle, d.opening) for d in drafts] == [
        (t.name, "draft", "civil", "daily", "conditional") for t in theirs
    ]
    assert [i.name for i in drafts[0].items.all()] == ["姓名", "登记日期"]
    assert Filing.objects.get().case.state == "draft" and made.filings == [Filing.objects.get().number]
    # again: nothing changed, nothing touched
    assert harvest(handler, live_server.url).same == 3
    assert Filing.objects.count() == 1


@pytest.mark.django_db
def test_what_changed_becomes_a_change_filing_and_nothing_published_is_written_over(handler, peer):
    notes = {"p1": "摘要"}
    one = peer(lambda start, n: result(2, [package(1, notes=notes["p1"]), package(2)]))
    first = harvest(handler, one.url)
    notes["p1"] = "改过的摘要"
    # still in the first filing: the draft is the department's, and is named
    waiting = harvest(handler, one.url)
    assert waiting.mistaken == 1 and first.filings[0] in waiting.report[0]["wrong"]["name"][0] and not waiting.filings
    rows = list(PublicResource.objects.order_by("name"))
    filing = Filing.objects.get()
    filing.entries.update(living=False)
    publishing.publish([(r, contents.of_resource(r)) for r in rows], filing.case, filing.created_at)
    PublicResource.objects.filter(pk=rows[0].pk).update(opening="unconditional", opening_condition="")
    again = harvest(handler, one.url)
    assert (again.new, again.changed, again.same, again.mistaken) == (0, 1, 1, 0)
    change = Filing.objects.get(kind="change")
    assert again.filings == [change.number] and change.case.state == "draft"
    proposed = change.entries.get().content
    assert (proposed["summary"], proposed["opening"], proposed["code"]) == ("改过的摘要", "unconditional", rows[0].code)
    rows[0].refresh_from_db()
    assert rows[0].summary == "摘要"


@pytest.mark.django_db
def test_one_mistake_lands_nothing_and_says_where(handler, peer):
    one = peer(lambda start, n: result(2, [package(1), package(2, title="", name="")]))
    before = PublicResource.objects.count(), Filing.objects.count(), HarvestedEntry.objects.count()
    made = harvest(handler, one.url)
    assert (made.mistaken, made.new, made.filings) == (1, 0, [])
    assert made.report[0]["line"] == 2 and "name" in made.report[0]["wrong"]
    assert (PublicResource.objects.count(), Filing.objects.count(), HarvestedEntry.objects.count()) == before


def _rows(start, many=100):
    return [package(n) for n in range(start, start + many)]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (lambda start, n: result(500, _rows(0)), "harvest_loops"),
        (lambda start, n: result(200 + n, _rows(start)), "harvest_changed"),
        (lambda start, n: result(150, _rows(start) if start == 0 else []), "harvest_wrong_count"),
        (lambda start, n: result(3, _rows(start, 9)), "harvest_wrong_count"),
        (lambda start, n: result(500, _rows(start, 101)), "harvest_wrong_count"),
        (lambda start, n: result(10**9, _rows(start)), "harvest_too_large"),
        (lambda start, n: result(0, []), "harvest_empty"),
        (lambda start, n: result(-1, []), "harvest_unreadable"),
        (lambda start, n: result(True, []), "harvest_unreadable"),
        (lambda start, n: {"result": {"count": 1, "results": [{"id": 7}]}}, "harvest_unreadable"),
        (lambda start, n: {"result": []}, "harvest_unreadable"),
        (lambda start, n: (200, b"<html>"), "harvest_unreadable"),
        (lambda start, n: (200, b"[" * 100_000), "harvest_unreadable"),
        (lambda start, n: (200, b"\xff\xfe"), "harvest_unreadable"),
        (lambda start, n: (200, b" " * (9 << 20)), "harvest_too_large"),
        (lambda start, n: (302, b""), "harvest_unreadable"),
        (lambda start, n: (500, b"x"), "harvest_unreadable"),
    ],
)  # fmt: skip
def test_a_hostile_catalogue_is_ended_with_the_rule_named(handler, peer, answer, code):
    one = peer(answer)
    assert refused(harvest, handler, one.url) == code
    assert len(one.asked) <= 3


@pytest.mark.django_db
def test_time_is_capped(handler, peer, monkeypatch):
    from shugang.publicdata.catalogue.harvest import fetching

    times = iter(range(0, 10_000, 30))
    monkeypatch.setattr(fetching, "monotonic", lambda: next(times))
    one = peer(lambda start, n: result(400, _rows(start)))
    assert refused(harvest, handler, one.url) == "harvest_too_large" and len(one.asked) < 4


@pytest.mark.django_db
def test_where_we_may_not_dial_is_not_dialled(handler, peer, settings):
    one = peer(lambda start, n: result(1, [package(1)]))
    settings.SHUGANG_ALLOWED_NETWORKS = []
    for url in (
        one.url,
        "http://169.254.169.254/",
        "http://127.1:80",
        "file:///etc/passwd",
        "http://user@example.org/",
    ):
        assert refused(harvest, handler, url) == "address_refused", url
    assert one.asked == []
    assert refused(harvest, make_actor(make_party("supplier")), one.url) == "forbidden"


@pytest.mark.django_db
def test_a_draft_that_was_given_up_comes_anew(handler, peer):
    one = peer(lambda start, n: result(1, [package(1)]))
    first = harvest(handler, one.url)
    engine.act(first.filings[0], "give_up", handler, {"reason": "暂不编目"})
    again = harvest(handler, one.url)
    assert again.new == 1 and again.filings != first.filings
