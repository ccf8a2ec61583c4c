"""The way through the pages and the API, as a supplier and a signer walk it; and what strangers see."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from shugang.assets.quality import services, working
from shugang.assets.quality.models import Assessment, RuleSet
from shugang.parties.accounts.tokens import make_token
from shugang.parties.testing import make_actor, make_party, sign_in

from .conftest import DOCUMENT

pytestmark = pytest.mark.django_db


def test_from_an_empty_page_to_a_signed_report(data):
    client = sign_in(Client(), data.actor)
    empty = client.get("/desk/quality").content.decode()
    assert "还没有评价" in empty and data.dataset.number in empty
    editor = client.get(f"/desk/quality/new/{data.dataset.number}").content.decode()
    assert "按数据建议规则" in editor
    bad = client.post(
        f"/desk/quality/new/{data.dataset.number}",
        {"name": "规则", "document": '{"rules": [{"kind": "magic"}]}', "save": "1"},
    )
    assert bad.status_code == 422
    assert "rules[0].kind" in bad.content.decode()
    assert not RuleSet.objects.exists()
    saved = client.post(
        f"/desk/quality/new/{data.dataset.number}", {"name": "台账规则", "document": json.dumps(DOCUMENT), "save": "1"}
    )
    number = RuleSet.objects.get().number
    assert saved.headers["Location"] == f"/desk/quality/rules/{number}"
    assert client.post(f"/desk/quality/rules/{number}/assess").status_code == 409
    client.post(f"/desk/quality/rules/{number}/publish")
    assert "台账规则" in client.get(f"/desk/quality/rules/{number}").content.decode()
    client.post(f"/desk/quality/rules/{number}/assess")
    row = Assessment.objects.get()
    assert "停止" in client.get(f"/desk/quality/{row.number}").content.decode()
    assert client.get(f"/desk/quality/{row.number}.pdf").status_code == 409
    row = working.run_now(row)
    shown = client.get(f"/desk/quality/{row.number}").content.decode()
    assert "不可评" in shown and "87.50%" in shown and "签署报告" not in shown
    said = client.get(f"/desk/quality/{row.number}.json").json()
    assert said["report"]["rules"][2]["sql"].startswith("SELECT count(*) FILTER")
    signer = sign_in(Client(), data.signer)
    assert "签署报告" in signer.get(f"/desk/quality/{row.number}").content.decode()
    signer.post(f"/desk/quality/{row.number}/confirm")
    assert Assessment.objects.get().state == "confirmed"
    pdf = client.get(f"/desk/quality/{row.number}.pdf")
    assert pdf.content.startswith(b"%PDF") and b"/ByteRange" in pdf.content
    assert "已签署" in client.get("/desk/quality").content.decode()


def test_a_stranger_finds_nothing(data):
    row = services.draft_rules(data.actor, data.dataset.number, "规则", DOCUMENT)
    services.publish_rules(data.actor, row.number)
    made = services.order_assessment(data.actor, row.number)
    client = sign_in(Client(), make_actor(make_party("supplier"), ("handler", "engineer")))
    for path in (
        f"/desk/quality/{made.number}",
        f"/desk/quality/{made.number}.json",
        f"/desk/quality/rules/{row.number}",
    ):
        assert client.get(path).status_code == 404
    assert client.get(f"/desk/quality/new/{data.dataset.number}").status_code == 403
    assert client.post(f"/desk/quality/{made.number}/stop").status_code == 404
    assert client.post(f"/desk/quality/rules/{row.number}/assess").status_code == 404
    assert Assessment.objects.get().state == "waiting"


def test_the_api_walks_the_same_way(data):
    def call(method, path, body=None):
        answer = client.generic(
            method, f"/api/v1/quality{path}", json.dumps(body or {}), content_type="application/json", headers=bearer
        )
        return answer.status_code, answer.json()

    token = make_token(data.actor, "测试", days=1, read_only=False)[1]
    client, bearer = Client(), {"Authorization": f"Bearer {token}"}
    assert "filled" in Client().get("/api/v1/quality/kinds").json()["kinds"]
    status, rules = call("POST", "/rules", {"dataset": data.dataset.number, "name": "接口规则", "document": DOCUMENT})
    assert (status, rules["state"]) == (200, "draft")
    number = rules["number"]
    bad = {"name": "接口规则", "document": {"rules": [{"kind": "filled", "columns": ["price"]}]}}
    assert call("PUT", f"/rules/{number}", bad)[1]["code"] == "bad_rules"
    assert call("PUT", f"/rules/{number}", {"name": "改名", "document": DOCUMENT})[1]["name"] == "改名"
    assert call("POST", f"/rules/{number}/publish")[1]["state"] == "published"
    assert call("GET", f"/rules/{number}")[1]["versions"][0]["document"] == DOCUMENT
    status, made = call("POST", "/assessments", {"rules": number})
    assert (status, made["state"]) == (200, "waiting")
    working.run_now(Assessment.objects.get())
    found = call("GET", f"/assessments/{made['number']}")[1]
    assert found["state"] == "done" and found["report"]["rows"] == 40
    assert call("GET", "/assessments")[1]["total"] == 1
    assert call("GET", "/rules")[1]["items"][0]["number"] == number
    assert call("POST", f"/assessments/{made['number']}/stop")[0] == 409
    assert call("POST", f"/assessments/{made['number']}/confirm", {})[0] == 403
    assert call("POST", f"/rules/{number}/retire")[1]["state"] == "retired"
