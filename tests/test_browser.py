"""The buyer's way through the portal in Debian's chromium, and pictures of every kind of page to look at.

Pictures go to var/test-pictures/ (not in the repository).
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, sync_playwright

from .test_chain import clean, free_ports

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "var" / "test-pictures"
PASSWORD = "shugang-demo-2026"
WIDTHS = {"wide": (1280, 900), "phone": (390, 844)}
QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
         "--disable-default-apps", "--font-render-hinting=none"]  # fmt: skip
# Runs before every page: what the security policy stopped is told like an error.
WATCH = (
    "addEventListener('securitypolicyviolation', e => console.error('CSP ' + e.violatedDirective + ' ' + e.blockedURI))"
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The world behind real processes; its address."""
    folder, port = tmp_path_factory.mktemp("browser") / "site", free_ports()
    server = subprocess.Popen(
        [sys.executable, "-m", "tests.serve_world", str(folder), str(port)], cwd=ROOT, env=clean(), text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert server.stdout is not None
    said: list[str] = []
    for line in server.stdout:
        said.append(line)
        if line.strip() == "READY":
            break
    else:
        raise RuntimeError("the platform did not start:\n" + "".join(said[-30:]))
    drain = threading.Thread(target=lambda: [None for _ in server.stdout or ()], daemon=True)
    drain.start()
    yield f"http://127.0.0.1:{port}"
    server.send_signal(signal.SIGTERM)
    server.wait(30)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    arguments = [*QUIET, "--no-sandbox"] if os.geteuid() == 0 else QUIET
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=arguments)
        yield made
        made.close()


@dataclass
class Visitor:
    """Somebody at his screen: what the browser complained of is kept until it is asked for."""

    context: BrowserContext
    site: str
    label: str
    page: Page = field(init=False)
    complaints: list[str] = field(default_factory=list)
    shots: int = 0

    def __post_init__(self) -> None:
        self.context.add_init_script(WATCH)
        self.page = self.context.new_page()
        self.page.on("console", lambda m: self.complaints.append(f"{m.type}: {m.text}") if m.type == "error" else None)
        self.page.on("pageerror", lambda e: self.complaints.append(f"script: {e}"))
        self.page.on("response", lambda r: self._answered(r.status, r.url, r.request.resource_type))

    def _answered(self, status: int, url: str, kind: str) -> None:
        if status >= 500 or (status >= 400 and kind != "document"):
            self.complaints.append(f"{status} {url}")

    def go(self, address: str) -> None:
        self.page.goto(self.site + address)

    def resize(self, width: str) -> None:
        self.page.set_viewport_size({"width": WIDTHS[width][0], "height": WIDTHS[width][1]})

    def look(self, name: str) -> None:
        """Take a picture; the page must fit the screen's width, and the browser must have nothing to complain of."""
        self.page.wait_for_load_state("load")
        self.shots += 1
        PICTURES.mkdir(parents=True, exist_ok=True)
        picture = PICTURES / f"{self.label}-{self.shots:02d}-{name}.jpg"  # a third of a PNG's time, some hundred times
        self.page.screenshot(path=picture, full_page=True, quality=80)
        wide = self.page.evaluate("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
        assert wide[0] <= wide[1], f"{name} scrolls sideways: {wide[0]} > {wide[1]}: {self.wide_ones()}"
        assert self.complaints == [], f"{name}: {self.complaints}"

    def wide_ones(self) -> list[str]:
        return self.page.evaluate(
            "[...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right + scrollX >"
            " document.documentElement.clientWidth + 1).slice(-6).map(e => e.tagName + '.' + (e.className.baseVal ?? e.className))"
        )  # type: ignore[no-any-return]

    def heading(self) -> str:
        return self.page.locator("h1").inner_text()

    def press(self, name: str | re.Pattern[str]) -> None:
        self.main().get_by_role("button", name=name).first.click()
        self.page.wait_for_load_state("load")

    def follow(self, name: str | re.Pattern[str]) -> None:
        self.main().get_by_role("link", name=name).first.click()
        self.page.wait_for_load_state("load")

    def main(self) -> Locator:
        return self.page.locator("main")

    def sign_in(self, username: str) -> None:
        """By password and the one-time code that a demonstration shows."""
        if "/sign-in" not in self.page.url:
            self.go("/sign-in")
        form = self.page.locator("form:has(#f-login)").first
        form.locator("#f-login").fill(username)
        form.locator("#f-password").fill(PASSWORD)
        form.locator("button[type=submit]").click()
        self.page.wait_for_url(re.compile("/sign-in/code"))
        code = re.search(r"\b\d{6}\b", self.main().inner_text())
        assert code, "the demonstration shows the current code"
        self.page.locator("#f-code").fill(code[0])
        self.page.locator("form:has(#f-code) button[type=submit]").click()
        self.page.wait_for_load_state("load")
        assert "/sign-in" not in self.page.url, self.main().inner_text()[:300]


@pytest.fixture(scope="module")
def people(chromium: Browser, site: str) -> dict[str, Any]:
    """User name → the cookies of having signed in once. A code works once, so nobody signs in twice in a test run."""
    found: dict[str, Any] = {"": None}
    for name in ("gongfang", "yunying", "shouli", "jianguan", "anquan", "pangren", "pinggu"):
        context = chromium.new_context(viewport={"width": 1280, "height": 900})
        visitor = Visitor(context, site, f"sign-in-{name}")
        visitor.sign_in(name)
        visitor.look("desk")
        found[name] = context.storage_state()
        context.close()
    return found


def visitor_for(
    chromium: Browser, site: str, label: str, width: str, state: Any = None, english: bool = False
) -> Visitor:
    size = WIDTHS[width]
    context = chromium.new_context(
        viewport={"width": size[0], "height": size[1]}, storage_state=state, is_mobile=width == "phone",
        has_touch=width == "phone", device_scale_factor=1, locale="en-US" if english else "zh-CN",
    )  # fmt: skip
    context.add_cookies([{"name": "lang", "value": "en" if english else "zh-hans", "url": site}])
    return Visitor(context, site, label)


def test_the_buyers_way(chromium, site, people):
    """Home → search → product → sign in → inquire → quotation → accept → both sign → key → use."""
    buyer = visitor_for(chromium, site, "way", "wide")
    supplier = visitor_for(chromium, site, "way-supplier", "wide", people["gongfang"])
    buyer.go("/")
    buyer.look("home")
    buyer.page.locator("#hq").fill("空气")
    buyer.page.locator("#hq").press("Enter")
    buyer.page.wait_for_url(re.compile("/products"))
    buyer.look("search")
    buyer.main().get_by_role("link", name=re.compile("厦门空气质量")).first.click()
    buyer.page.wait_for_url(re.compile(r"/products/CP-"))
    buyer.look("product")
    product = buyer.page.url.rsplit("/", 1)[1]
    buyer.main().locator(f"a[href='/sign-in?next=/products/{product}/inquire']").first.click()
    buyer.page.wait_for_url(re.compile("/sign-in"))
    buyer.look("sign-in")
    buyer.sign_in("xufang")
    people["xufang"] = buyer.context.storage_state()
    assert buyer.page.url.endswith(f"/products/{product}/inquire"), "signing in leads back to where one was"
    buyer.look("inquire")
    purpose = buyer.main().locator("[name=purpose]")
    if purpose.first.evaluate("e => e.tagName") == "SELECT":
        purpose.first.select_option("research")
    else:
        buyer.main().locator("[name=purpose][value=research]").check()
    buyer.main().locator("[name=need]").fill("全部站点的小时值，用于研究出行与空气质量的关系。")
    buyer.main().locator("form button[type=submit]").first.click()
    buyer.page.wait_for_url(re.compile(r"/desk/inquiries/XJ-"))
    buyer.look("inquiry-sent")
    case = buyer.page.url.rsplit("/", 1)[1]

    supplier.go("/desk")
    assert case in supplier.main().inner_html(), "the inquiry waits on the supplier's desk"
    supplier.look("desk")
    supplier.go(f"/desk/inquiries/{case}")
    supplier.look("inquiry")
    supplier.main().locator(f"a[href='/desk/inquiries/{case}/offer']").first.click()
    supplier.look("quotation-form")
    supplier.main().locator("form button[type=submit]").last.click()
    supplier.page.wait_for_url(re.compile(rf"/desk/inquiries/{case}$"))
    supplier.look("quoted")

    buyer.page.reload()
    buyer.look("quotation-received")
    buyer.main().locator(f"a[href='/cases/{case}/accept'], form[action*='accept'] button").first.click()
    buyer.page.wait_for_load_state("load")
    buyer.look("accept")
    buyer.main().locator("form button[type=submit]").first.click()
    buyer.page.wait_for_load_state("load")
    buyer.go(f"/desk/inquiries/{case}")
    buyer.main().locator("a[href^='/desk/contracts/HT-']").first.click()
    buyer.page.wait_for_url(re.compile("/desk/contracts/HT-"))
    buyer.look("contract-to-sign")
    contract = buyer.page.url.rsplit("/", 1)[1]
    for side in (buyer, supplier):
        side.go(f"/desk/contracts/{contract}")
        side.main().locator("form[action$='/sign'] button[type=submit]").first.click()
        side.page.wait_for_load_state("load")
        side.look("signed")
    buyer.page.reload()
    assert "履行中" in buyer.main().inner_text()
    buyer.look("contract-in-force")
    buyer.main().locator("a[href^='/desk/grants/SQ-']").first.click()
    buyer.page.wait_for_url(re.compile("/desk/grants/SQ-"))
    buyer.look("grant")
    buyer.main().locator("a[href$='/key']").first.click()
    buyer.look("key-form")
    buyer.main().locator("[name=agree]").check()
    buyer.main().locator("form button[type=submit]").first.click()
    buyer.page.wait_for_load_state("load")
    assert re.search(r"sg_[A-Za-z0-9_-]{20,}", buyer.main().inner_html()), "the key is shown once"
    buyer.look("key-shown")
    buyer.go("/desk/usage")
    buyer.look("usage")


PUBLIC = (
    "/",
    "/products",
    "/notices",
    "/grading",
    "/registry",
    "/registry/statistics",
    "/services",
    "/pricing-models",
    "/tariffs",
    "/demands",
    "/auctions",
    "/disclosure",
    "/rules",
    "/verify",
    "/log",
    "/help",
    "/api",
    "/sign-in",
    "/join",
    "/parties",
    "/nowhere",
)
DESKS = {
    "xufang": ("/desk", "/desk/waiting", "/desk/contracts", "/desk/inquiries", "/desk/grants", "/desk/usage", "/desk/bills",
               "/desk/statements", "/desk/rights", "/desk/acceptances", "/desk/disputes", "/desk/invoices", "/desk/deposits", "/desk/party", "/desk/people", "/desk/security"),
    "gongfang": ("/desk", "/desk/datasets", "/desk/assets", "/desk/products", "/desk/products/new", "/desk/connectors",
                 "/desk/grading", "/desk/security-reviews", "/desk/quality", "/desk/appraisals", "/desk/book-costs"),
    "pinggu": ("/desk", "/desk/services", "/desk/orders", "/desk/reports", "/desk/appraisals"),
    "yunying": ("/desk", "/desk/settlement", "/desk/ledger", "/desk/ledger-checks", "/desk/bank", "/desk/reconciliation"),
    "shouli": ("/desk", "/desk/assets"),
    "jianguan": ("/desk", "/desk/reconciliation", "/desk/contracts"),
    "anquan": ("/desk/admin/security", "/desk/security"),
}  # fmt: skip
FIRST = (
    r"^/(products|rules|auctions|demands|verify|services|agencies|reports|pricing-models|cases|trace/\w+|desk/(contracts|grants|bills|disputes|acceptances|invoices|datasets|assets"
    r"|statements|inquiries|products|grading|security-reviews|quality|appraisals|book-costs|services|orders|prices))/[A-Z]"
)


@pytest.mark.parametrize("english", [False, True], ids=["zh", "en"])
def test_every_kind_of_page_fits(chromium, site, people, english):
    """Each page of each desk, and the first object of each list, in both languages; loaded once, seen at both widths."""
    wrong = []
    for name, addresses in {"": PUBLIC, **DESKS}.items():
        label = f"{'en' if english else 'zh'}-{name or 'public'}"
        visitor = visitor_for(chromium, site, label, "wide", people[name], english)
        for address in with_firsts(visitor, addresses):
            visitor.complaints.clear()
            visitor.resize("phone")  # a chart is drawn for the width at which its page was opened
            visitor.go(address)
            if address == "/nowhere":
                visitor.complaints.clear()
            for width in reversed(WIDTHS):
                try:
                    visitor.resize(width)
                    visitor.look(f"{width}-{re.sub(r'[^A-Za-z0-9_]+', '-', address).strip('-') or 'home'}")
                except AssertionError as error:
                    wrong.append(f"{label} {error}")
        visitor.context.close()
    assert not wrong, "\n".join(wrong)


def with_firsts(visitor: Visitor, addresses: tuple[str, ...]) -> Iterator[str]:
    seen: set[str] = set()
    for address in addresses:
        yield address
        links = visitor.page.evaluate("[...document.querySelectorAll('main a[href]')].map(a => a.getAttribute('href'))")
        for link in links:
            kind = re.match(FIRST, link)
            if kind and kind[1] not in seen and "." not in link and "?" not in link:
                seen.add(kind[1])
                yield link


def test_the_page_is_used_by_keyboard(chromium, site):
    """Tab reaches the way past the menu first, then the search; what has the focus is seen."""
    visitor = visitor_for(chromium, site, "keyboard", "wide")
    visitor.go("/")
    visitor.page.keyboard.press("Tab")
    first = visitor.page.evaluate("document.activeElement.getAttribute('href')")
    assert first and first.startswith("#"), "the first stop skips to the content"
    visitor.look("first-stop")
    stops = []
    for _ in range(25):
        visitor.page.keyboard.press("Tab")
        stops.append(visitor.page.evaluate("document.activeElement.id || document.activeElement.textContent.trim()"))
        shown = visitor.page.evaluate(
            "(() => { const s = getComputedStyle(document.activeElement);"
            " return s.outlineStyle !== 'none' || s.boxShadow !== 'none'; })()"
        )
        assert shown, f"no focus is seen on {stops[-1]}"
    assert {"q", "hq"} & set(stops)


def test_the_language_and_the_text_size_stay(chromium, site):
    visitor = visitor_for(chromium, site, "switches", "wide")
    visitor.go("/products")
    visitor.page.locator("form[action='/language'] button").first.click()
    visitor.page.wait_for_load_state("load")
    assert visitor.page.evaluate("document.documentElement.lang") == "en"
    assert visitor.page.url.endswith("/products")
    visitor.go("/notices")
    assert visitor.page.evaluate("document.documentElement.lang") == "en"
    before = visitor.page.evaluate(
        "getComputedStyle(document.querySelector('main p, main td, main li, main h1')).fontSize"
    )
    visitor.page.locator("form[action='/text-size'] button").first.click()
    visitor.page.wait_for_timeout(300)
    visitor.page.reload()
    after = visitor.page.evaluate(
        "getComputedStyle(document.querySelector('main p, main td, main li, main h1')).fontSize"
    )
    assert float(after.removesuffix("px")) > float(before.removesuffix("px"))
    visitor.look("large-english")


def test_a_supplier_sends_a_large_file_through_a_broken_line(chromium, site, people, tmp_path):
    """The line breaks twice, he pauses, closes the page, and goes on another day; then it is converted."""
    large = tmp_path / "large.csv"
    large.write_text(
        "station,at,pm25\n" + "".join(f"站点{i % 50},2026-01-{i % 28 + 1:02d},{i}\n" for i in range(900_000))
    )
    supplier = visitor_for(chromium, site, "upload", "phone", people["gongfang"])
    supplier.go("/desk/datasets")
    supplier.main().get_by_role("link", name=re.compile("free")).first.click()
    supplier.page.wait_for_url(re.compile("/desk/datasets/DS-"))
    broken: list[str] = []

    def line(route: Any) -> None:
        if route.request.method == "PATCH" and route.request.headers["upload-offset"] != "0" and len(broken) < 2:
            broken.append(route.request.url)
            route.abort()
        else:
            route.continue_()

    supplier.page.route("**/api/v1/uploads/**", line)

    def choose() -> None:
        supplier.page.locator("#f-file").set_input_files(str(large))
        supplier.press(re.compile("^上传$"))

    choose()
    supplier.page.get_by_text("网络中断").wait_for()
    supplier.page.locator("button[data-pause]").click()
    supplier.page.get_by_text("已暂停").wait_for()
    supplier.complaints.clear()  # of the line that we broke
    supplier.look("paused")
    supplier.page.reload()
    supplier.page.get_by_text("要继续，请在上面选择同一个文件").first.wait_for()
    choose()
    supplier.page.locator("#f-file").wait_for()
    supplier.page.get_by_text("900,000").first.wait_for(timeout=180_000)
    supplier.complaints.clear()
    supplier.look("stored")
    assert len(broken) == 2


from .browser_catalogue import (  # noqa: E402  the last test of this site
    test_a_departments_entry_is_drafted_signed_examined_and_found as test_a_departments_entry,  # noqa: F401
)
