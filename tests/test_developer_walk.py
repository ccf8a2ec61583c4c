"""A secondary developer in Debian's chromium: a call, a proposal, an application inside an approved class, its simplified review,
a key, a use on a running plane, and the trace of it all; a visitor downloads open data without a name."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from .test_browser import ROOT, Visitor, chromium, visitor_for
from .test_chain import clean, free_ports

__all__ = ["chromium"]
pytestmark = [pytest.mark.browser, pytest.mark.timeout(900)]
SQL = "select count(*) as n, sum(population) as p from 示例街道基本信息"


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """The site's address, its plane's, and the numbers of what stands ready."""
    folder, port = tmp_path_factory.mktemp("public") / "site", free_ports()
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.public_site", str(folder), str(port)], cwd=ROOT, env=clean(), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert server.stdout is not None
    said: list[str] = []
    for line in server.stdout:
        said.append(line)
        if line.startswith("READY "):
            break
    else:
        raise RuntimeError("the platform did not start:\n" + "".join(said[-30:]))
    threading.Thread(target=lambda: [None for _ in server.stdout or ()], daemon=True).start()
    yield {**json.loads(said[-1][6:]), "site": f"http://127.0.0.1:{port}", "plane": f"http://127.0.0.1:{port + 1}"}
    server.send_signal(signal.SIGTERM)
    server.wait(30)


@pytest.fixture(scope="module")
def states(chromium: Browser, city: dict[str, Any]) -> dict[str, Any]:
    """User name → the cookies of having signed in once: a code works once."""
    found: dict[str, Any] = {"": None}
    for name in ("shuju", "xufang", "mzguan", "shushen"):
        visitor = visitor_for(chromium, city["site"], f"public-{name}", "wide")
        visitor.sign_in(name)
        found[name] = visitor.context.storage_state()
        visitor.context.close()
    return found


def person(chromium: Browser, city: dict[str, Any], states: dict[str, Any], name: str) -> Visitor:
    return visitor_for(chromium, city["site"], f"public-{name}", "wide", states[name])


def send(visitor: Visitor, **answers: str) -> None:
    """Fill the page's form and send it."""
    for name, value in answers.items():
        field = visitor.main().locator(f"[name={name}]").first
        if field.evaluate("e => e.tagName") == "SELECT":
            field.select_option(value)
        elif field.get_attribute("type") in ("radio", "checkbox"):
            visitor.main().locator(f"[name={name}][value={value}]").check()
        else:
            field.fill(value)
    visitor.main().locator("form button[type=submit]").last.click()
    visitor.page.wait_for_load_state("load")


def ask(city: dict[str, Any], key: str, sql: str = SQL) -> tuple[int, Any]:
    request = urllib.request.Request(
        f"{city['plane']}/sql/v1/queries", sql.encode(), {"Authorization": f"Bearer {key}", "Prefer": "wait=20"}
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def until(city: dict[str, Any], key: str, status: int) -> Any:
    """The plane's answer once it has heard; it fetches what changed each second."""
    for _ in range(100):
        found, body = ask(city, key)
        if found == status:
            return body
        time.sleep(0.2)
    raise AssertionError((found, body))


PUBLIC = (
    "/open-data",
    "/open-data/<opening>",
    "/scenarios",
    "/scenarios/<approval>",
    "/development-data",
    "/scenario-calls",
    "/operations",
)
DESKS = {
    "shuju": ("/desk/sharing", "/desk/scenario-classes", "/desk/scenario-classes/<approval>", "/desk/public-report", "/desk/operations"),
    "mzguan": ("/desk/openings", "/desk/public-trace/resource/<resource>"),
}  # fmt: skip


@pytest.mark.parametrize("english", [False, True], ids=["zh", "en"])
def test_the_pages_fit_both_widths(chromium, city, english, states):
    for width in ("wide", "phone"):
        for name, addresses in {"": PUBLIC, **DESKS}.items():
            label = f"public-{width}-{'en' if english else 'zh'}-{name or 'anybody'}"
            visitor = visitor_for(chromium, city["site"], label, width, states[name], english)
            for address in addresses:
                visitor.go(re.sub(r"<(\w+)>", lambda m: str(city[m[1]]), address))
                visitor.look(re.sub(r"\W+", "-", address).strip("-"))
            visitor.context.close()


def test_the_developers_way(chromium, city, states):
    office, developer = person(chromium, city, states, "shuju"), person(chromium, city, states, "xufang")
    office.go("/desk/scenario-calls/new")
    send(office, title="示例便民消费场景", scenario_class="commerce", needs="按街道的消费应用。")
    call = office.page.url.rsplit("/", 1)[1]
    office.look("call")

    developer.go("/scenario-calls")
    developer.look("calls")
    developer.go(f"/scenario-calls/{call}")
    developer.main().locator("a[href$='/propose']").click()
    send(developer, title="示例选址助手", text="按街道人口推荐网点。")
    developer.look("proposed")
    office.go(f"/desk/scenario-calls/{call}")
    office.main().locator(f"a[href^='/desk/scenario-calls/{call}/']").first.click()
    office.main().locator("[name=adopted]").check()
    send(office, answer="采纳，请按已审定的类别申请。")
    assert "采纳" in office.main().inner_text()

    developer.go("/scenarios")
    developer.look("catalogue")
    developer.main().locator(f"a[href='/scenarios/{city['approval']}']").click()
    developer.page.wait_for_load_state("load")
    developer.look("class")
    developer.main().locator("a[href*='/desk/scenarios/new']").click()
    developer.page.wait_for_load_state("load")
    developer.look("apply")
    send(developer, title="示例选址助手", text="为连锁店推荐街道。", scenario_class="health", days="90")
    assert "超出审定范围（场景类别）" in developer.main().inner_text(), "the rule is named"
    developer.complaints.clear()
    send(developer, scenario_class="commerce")
    developer.page.wait_for_url(re.compile("/desk/scenarios/CJ-"))
    number = developer.page.url.rsplit("/", 1)[1]
    developer.look("asked")

    office.go("/desk")
    assert number in office.main().inner_html(), "the simplified review waits on the office's desk"
    office.go(f"/desk/scenarios/{number}")
    office.look("review")
    office.main().locator(f"a[href='/cases/{number}/approve']").click()
    send(office, opinion="在审定范围内。")

    developer.go(f"/desk/scenarios/{number}")
    developer.look("approved")
    developer.main().locator("a[href^='/desk/grants/SQ-']").first.click()
    developer.page.wait_for_load_state("load")
    grant = developer.page.url.rsplit("/", 1)[1]
    developer.look("grant")
    developer.main().locator("a[href$='/key']").first.click()
    developer.main().locator("[name=agree]").check()
    developer.main().locator("form button[type=submit]").first.click()
    developer.page.wait_for_load_state("load")
    key = re.search(r"sg_[A-Za-z0-9_-]{20,}", developer.main().inner_html())
    assert key, "the key is shown once"

    body = until(city, key[0], 200)
    assert body["data"] == [{"n": 40, "p": sum(1000 + n for n in range(40))}]
    assert ask(city, key[0], "select * from 示例街道基本信息")[0] >= 400, "only aggregates leave"
    for _ in range(60):
        developer.go(f"/desk/public-trace/grant/{grant}")
        if "查得" in developer.main().inner_text():
            break
        time.sleep(0.5)
    text = developer.main().inner_text()
    assert "查得" in text and city["approval"] in text and number in text
    developer.look("trace")

    officer = person(chromium, city, states, "mzguan")
    officer.go(f"/desk/public-trace/resource/{city['resource']}")
    assert "审批经过" in officer.main().inner_html() and grant in officer.main().inner_text()
    officer.look("trace-of-the-source")
    with officer.page.expect_download() as paper:
        officer.main().locator("a[href$='.pdf']").click()
    assert paper.value.path().read_bytes()[:5] == b"%PDF-"

    ruler = person(chromium, city, states, "shushen")
    ruler.go(f"/cases/{city['approval']}/revoke")
    send(ruler, reason="示例：不再适用。")
    refused = until(city, key[0], 403)
    assert refused["code"] == "suspended"
    developer.go(f"/desk/grants/{grant}")
    assert "场景审定已撤销" in developer.main().inner_text(), "its holder reads why"


def test_a_visitor_downloads_open_data(chromium, city):
    visitor = visitor_for(chromium, city["site"], "public-visitor", "phone")
    until_open(city)
    visitor.go("/open-data")
    visitor.look("open-data")
    visitor.main().locator(f"a[href='/open-data/{city['opening']}']").click()
    visitor.page.wait_for_load_state("load")
    visitor.look("open-dataset")
    visitor.main().locator("button[value=csv]").click()
    visitor.page.wait_for_load_state("load")
    visitor.look("link")
    visitor.page.wait_for_timeout(3000)  # the plane fetches new keys each second; nobody reads faster
    with visitor.page.expect_download() as fetched:
        visitor.main().locator("a[href*='/download/v1/']").click()
    text = fetched.value.path().read_text(encoding="utf-8")
    assert text.splitlines()[0].lstrip("\ufeff") == "name,district,population" and len(text.splitlines()) == 41


def until_open(city: dict[str, Any]) -> None:
    """The plane has heard of the opening when a link of it is answered."""
    for _ in range(100):
        request = urllib.request.Request(
            f"{city['site']}/api/v1/open-data/{city['opening']}/links", b"{}", {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            place = json.loads(answer.read())["url"]
        time.sleep(1.5)
        try:
            with urllib.request.urlopen(place, timeout=10):
                return
        except urllib.error.HTTPError:
            continue
    raise AssertionError("the plane never served the open data")
