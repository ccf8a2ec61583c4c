"""The way of an entry of the public catalogue through four people's hands, in Debian's chromium.

Collected by `test_browser`, whose site it walks last: a world of its own would take half a minute.
"""

from __future__ import annotations

import re


def test_a_departments_entry_is_drafted_signed_examined_and_found(chromium, site):
    """The handler drafts, the chief data officer signs, the data office examines, anybody finds it: four people, one entry."""
    from .test_browser import visitor_for

    handler = visitor_for(chromium, site, "catalogue-handler", "wide")
    handler.sign_in("minzheng")
    handler.go("/desk/catalogue")
    handler.follow("编制目录")
    handler.page.locator("#f-name").fill("社区养老服务设施")
    handler.page.locator("#f-summary").fill("本市社区养老服务设施的名称和地址。")
    for name, value in (
        ("kind", "department"),
        ("sharing", "unconditional"),
        ("sharing_method", "interface"),
        ("opening", "unconditional"),
    ):
        handler.main().locator(f"[name={name}][value={value}]").check()
    for name, value in (("theme", "civil"), ("format", "database"), ("update_cycle", "monthly")):
        handler.page.locator(f"#f-{name}").select_option(value)
    handler.page.locator("#f-classification").fill("206001")
    handler.main().locator("[name=item-1-name]").fill("设施名称")
    handler.look("form")
    handler.press("保存")
    assert "类码是3" in handler.main().inner_text(), "a code of another class is refused by its rule"
    handler.complaints.clear()  # the browser tells of every 422
    handler.page.locator("#f-classification").fill("306001")
    handler.press("保存")
    handler.page.wait_for_url(re.compile(r"/desk/filings/BM-"))
    number = handler.page.url.rsplit("/", 1)[1]
    handler.look("drafted")
    assert handler.main().get_by_role("link", name="签署并报送").count() == 0, "the handler does not sign"
    handler.follow("提交首席数据官")
    handler.main().locator("form button[type=submit]").first.click()
    handler.page.wait_for_load_state("load")

    for label, name, step in (("officer", "mzguan", "签署并报送"), ("office", "shushen", "审核通过")):
        person = visitor_for(chromium, site, f"catalogue-{label}", "wide")
        person.sign_in(name)
        person.go("/desk")
        assert number in person.main().inner_html(), f"it waits on the desk of {name}"
        person.go(f"/desk/filings/{number}")
        person.look("to-decide")
        person.follow(step)
        person.look("confirm")
        person.main().locator("form button[type=submit]").first.click()
        person.page.wait_for_load_state("load")
        person.go(f"/desk/filings/{number}")
        person.look("decided")
        person.context.close()

    anybody = visitor_for(chromium, site, "catalogue-public", "phone")
    anybody.go("/public-data?q=设施名称")
    anybody.look("found")
    anybody.follow("社区养老服务设施")
    anybody.look("entry")
    assert "306001/" in anybody.main().inner_text() and "第1版" in anybody.main().inner_text()
