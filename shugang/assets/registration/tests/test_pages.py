"""The pages: the step form from first topic to case, the lists, the notice with an objection, verification."""

import json
import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from shugang.assets.registration import services
from shugang.assets.registration.form import TOPICS
from shugang.assets.registration.models import Certificate, DataAsset, Objection, Registration
from shugang.assets.testing import (
    OBJECTION,
    anchor,
    answers_for,
    make_application,
    make_certificate,
    make_registrar,
    make_version,
    registration_form,
    to_state,
)
from shugang.evidence.receipt import verify_receipt
from shugang.kernel import engine, sequencer
from shugang.kernel.models import Case
from shugang.parties.testing import make_actor, make_party

pytestmark = [pytest.mark.django_db(transaction=True)]
HAN = re.compile(r"[\u3400-\u9fff]")


def client_of(actor=None, english=False):
    client = Client()
    if actor is not None:
        client.force_login(actor.person, backend="django.contrib.auth.backends.ModelBackend")
    if english:
        client.cookies["lang"] = "en"
    return client


@pytest.fixture
def office():
    return make_registrar()


@pytest.fixture
def applicant():
    return make_actor(make_party("supplier"))


@pytest.fixture
def version(applicant):
    return make_version(applicant.party)


def post_topics(client, number, **changes):
    form = registration_form(**changes)
    for topic in TOPICS:
        data = {f.name: form[f.name] for f in topic.fields if f.name in form}
        answer = client.post(f"/desk/assets/new/{number}/{topic.key}", data)
        assert answer.status_code == 302, (topic.key, answer.content.decode()[:2000])


def test_the_step_form_leads_to_a_case_once(applicant, version, office):
    client, number = client_of(applicant), version.dataset.number
    assert number in client.get("/desk/assets/new").content.decode()
    page = client.get(f"/desk/assets/new/{number}").content.decode()
    assert "前置未完成" in page
    post_topics(client, number)
    check = client.get(f"/desk/assets/new/{number}/check").content.decode()
    key = re.search(r'name="idempotency_key" value="([^"]+)"', check)[1]
    post = {"registrar": office.party.number, "idempotency_key": key}
    first = client.post(f"/desk/assets/new/{number}/check", post)
    assert first.status_code == 302 and first["Location"].startswith("/desk/assets/applied/DJ-")
    again = client.post(f"/desk/assets/new/{number}/check", post)
    assert Case.objects.filter(procedure="assets.registration").count() == 1 or again.status_code == 409
    assert Case.objects.filter(procedure="assets.registration").count() == 1
    result = client.get(first["Location"]).content.decode()
    assert "登记申请已提交" in result and "3个工作日" in result


def test_a_topic_keeps_what_was_typed_and_says_why_it_is_wrong(applicant, version, office):
    client, number = client_of(applicant), version.dataset.number
    client.post(f"/desk/assets/new/{number}/source", {"source_kind": "crawled", "source_statement": "程序收集"})
    answer = client.post(f"/desk/assets/new/{number}/rights", {"rights": ["HOLD", "OPERATE"], "validity_years": "5"})
    page = answer.content.decode()
    assert answer.status_code == 422 and "不实质性替代" in page
    assert 'value="OPERATE" checked' in page
    # Saving for later never refuses.
    later = client.post(f"/desk/assets/new/{number}/data", {"data_name": "半个名称", "later": "1"})
    assert later.status_code == 302
    assert "半个名称" in client.get(f"/desk/assets/new/{number}/data").content.decode()


def test_a_material_is_uploaded_with_its_topic_and_kept(applicant, version, office):
    client, number = client_of(applicant), version.dataset.number
    upload = SimpleUploadedFile("协议.pdf", b"%PDF-1.7 agreement")
    url = f"/desk/assets/new/{number}/source"
    data = {"source_kind": "agreement", "source_statement": "按协议取得"}
    assert client.post(url, {**data, "source_proof": upload}).status_code == 302
    assert "协议.pdf" in client.get(url).content.decode()
    post_topics(client, number, source_kind="agreement", rights=["HOLD", "USE"])
    answer = client.post(f"/desk/assets/new/{number}/check", {"registrar": office.party.number})
    assert answer.status_code == 302, answer.content.decode()
    assert Registration.objects.get().form["source_proof"]["name"] == "协议.pdf"


def test_a_wrong_kind_of_file_is_refused_and_nothing_is_saved(applicant, version, office):
    client, number = client_of(applicant), version.dataset.number
    bad = SimpleUploadedFile("x.pdf", b"\xff\xfe\x00\x01binary")
    answer = client.post(f"/desk/assets/new/{number}/source", {"source_kind": "collected", "source_proof": bad})
    assert answer.status_code == 422
    assert not DataAsset.objects.exists()


def test_the_check_page_links_each_error_to_its_topic(applicant, version, office):
    client, number = client_of(applicant), version.dataset.number
    services.save_draft(applicant, number, "data", registration_form(division="5"), True)
    answer = client.post(f"/desk/assets/new/{number}/check", {"registrar": office.party.number})
    assert answer.status_code == 422
    assert f'href="/desk/assets/new/{number}/data"' in answer.content.decode()
    assert not DataAsset.objects.exists()


def test_the_list_filters_finds_and_exports(applicant, version, office):
    client = client_of(applicant)
    assert "还没有登记的资产" in client.get("/desk/assets").content.decode()
    make_application(applicant, version, office, data_name="=2+3 空气质量")
    number = DataAsset.objects.get().number
    assert number in client.get("/desk/assets?state=registering").content.decode()
    assert number in client.get("/desk/assets?q=空气").content.decode()
    assert "没有符合条件" in client.get("/desk/assets?q=医院").content.decode()
    export = client.get("/desk/assets?format=csv").content.decode("utf-8-sig")
    assert number in export and "'=2+3" in export


def test_a_stranger_finds_neither_asset_nor_draft(applicant, version, office):
    case = make_application(applicant, version, office)
    number = case.registration.asset.number
    stranger = client_of(make_actor(make_party("supplier")))
    assert client_of(applicant).get(f"/desk/assets/{number}").status_code == 200
    for path in (
        f"/desk/assets/{number}",
        f"/desk/assets/{number}/resubmit",
        f"/desk/assets/applied/{case.number}",
        f"/desk/assets/new/{version.dataset.number}",
        f"/desk/assets/new/{version.dataset.number}/check",
    ):
        assert stranger.get(path).status_code == 404, path
    assert number not in stranger.get("/desk/assets").content.decode()
    assert client_of().get(f"/desk/assets/{number}").status_code == 403


def test_the_registrar_sees_checks_and_the_form(applicant, version, office):
    case = make_application(applicant, version, office)
    page = client_of(office.accepter).get(f"/desk/assets/{case.registration.asset.number}").content.decode()
    assert "自动检查" in page and "北京市12个站点" in page and f"/cases/{case.number}/accept" in page


def test_a_correction_page_shows_what_is_asked_and_submits_the_whole_form(applicant, version, office):
    case = to_state(make_application(applicant, version, office), office, applicant, "correcting")
    url = f"/desk/assets/{case.registration.asset.number}/resubmit"
    client = client_of(applicant)
    page = client.get(url).content.decode()
    assert answers_for("request_correction")["items"] in page and "北京市12个站点" in page
    answer = client.post(url, {**registration_form(region="海淀区"), "rev": case.revision})
    assert answer.status_code == 302, answer.content.decode()
    case.refresh_from_db()
    assert (case.state, Registration.objects.get().form["region"]) == ("submitted", "海淀区")


def test_a_stale_correction_is_refused(applicant, version, office):
    case = to_state(make_application(applicant, version, office), office, applicant, "correcting")
    url = f"/desk/assets/{case.registration.asset.number}/resubmit"
    answer = client_of(applicant).post(url, {**registration_form(), "rev": case.revision - 1})
    assert answer.status_code == 409
    case.refresh_from_db()
    assert case.state == "correcting"


def test_anyone_reads_the_notices_and_the_empty_state_speaks(applicant, version, office):
    visitor = client_of()
    assert "今天没有公示" in visitor.get("/notices").content.decode()
    case = to_state(make_application(applicant, version, office), office, applicant, "notice")
    page = visitor.get("/notices").content.decode()
    assert case.number in page and "剩5个工作日" in page
    assert "登录后提出异议" in visitor.get(f"/notices/{case.number}").content.decode()
    twin = visitor.get("/notices.json").json()
    assert twin["open"][0]["number"] == case.number and twin["open"][0]["working_days_left"] == 5


def test_an_objection_through_the_page_stops_the_notice(applicant, version, office):
    case = to_state(make_application(applicant, version, office), office, applicant, "notice")
    refused = client_of().post(f"/notices/{case.number}", OBJECTION)
    assert refused.status_code == 403 and not Objection.objects.exists()
    client = client_of(make_actor(make_party("buyer")))
    wrong = client.post(f"/notices/{case.number}", {"interest": "有关"})
    assert wrong.status_code == 422 and not Objection.objects.exists()
    assert client.post(f"/notices/{case.number}", OBJECTION).status_code == 302
    page = client_of().get("/notices").content.decode()
    assert "停止计时" in page and OBJECTION["reasons"] not in page


def test_a_number_is_verified_by_anybody(office, applicant):
    certificate = make_certificate(applicant, office=office)
    visitor, number = client_of(), certificate.number
    assert visitor.get(f"/verify?number={number.lower()}")["Location"] == f"/verify/{number}"
    page = visitor.get(f"/verify/{number}").content.decode()
    assert "正在等待检查点" in page
    assert visitor.get(f"/verify/{number}/receipt").status_code == 404
    assert visitor.get(f"/verify/{number}.pdf").status_code == 404
    anchor()
    page = visitor.get(f"/verify/{number}").content.decode()
    assert "真实，现在有效" in page and "已锚定" in page and applicant.person.display_name not in page
    receipt = visitor.get(f"/verify/{number}/receipt")
    assert verify_receipt(receipt.content, sequencer.vkey()).payload["payload"]["certificate"]["number"] == number
    pdf = visitor.get(f"/verify/{number}.pdf")
    assert pdf.content.startswith(b"%PDF-") and pdf["Content-Type"] == "application/pdf"
    twin = visitor.get(f"/verify/{number}.json").json()
    assert (twin["proof"], twin["in_force"], twin["state"]) == ("logged", True, "valid")
    assert twin["certificate"]["holder"]["name"] == applicant.party.name
    assert json.loads(receipt.content)["payload"]["payload"]["certificate"] == twin["certificate"]


def test_a_number_that_does_not_exist_gets_a_kind_answer():
    visitor = client_of()
    answer = visitor.get("/verify?number=SJ9912026110009")
    assert answer.status_code == 404 and "请核对字母O与数字0" in answer.content.decode()
    assert visitor.get("/verify/SJ9912026110009").status_code == 404
    assert visitor.get("/verify/SJ9912026110009.json").status_code == 404
    number = make_certificate().number
    page = visitor.get(f"/verify?number={number[:3]}{number[3:].replace('0', 'O')}").content.decode()
    assert f'href="/verify/{number}"' in page


def test_a_changed_table_is_shown_as_mismatch_and_gives_no_paper():
    certificate = make_certificate()
    anchor()
    Certificate.objects.filter(pk=certificate.pk).update(state="suspended")
    page = client_of().get(f"/verify/{certificate.number}").content.decode()
    assert "核验不符" in page and "以存证记录为准" in page
    assert client_of().get(f"/verify/{certificate.number}.pdf").status_code == 404
    assert client_of().get(f"/verify/{certificate.number}/receipt").status_code == 404


def test_a_changed_file_is_not_handed_out(var_dir):
    certificate = make_certificate()
    anchor()
    certificate.refresh_from_db()
    path = var_dir / "certificates" / certificate.pdf_path
    path.write_bytes(path.read_bytes() + b" ")
    assert client_of().get(f"/verify/{certificate.number}.pdf").status_code == 404


def test_a_suspended_certificate_is_genuine_but_not_in_force(office):
    certificate = make_certificate(office=office)
    engine.act(certificate.case.number, "suspend", office.reviewer, answers_for("suspend"))
    anchor()
    page = client_of().get(f"/verify/{certificate.number}").content.decode()
    assert "但现在无效" in page and "暂停" in page


def test_english_pages_show_no_chinese_outside_data(office):
    applicant = make_actor(make_party("supplier", name="Sample Supplier"))
    applicant.person.display_name = "Ann"
    applicant.person.save()
    office.party.name = "Sample Registrar"
    office.party.save()
    version = make_version(applicant.party)
    dataset = version.dataset
    dataset.name, dataset.description = "Air quality", "hourly"
    dataset.save()
    english = {"data_name": "Air quality", "summary": "Hourly", "region": "Beijing", "period": "2013-17", "volume": "1 row",
               "source_statement": "Own instruments", "rights": ["HOLD"]}  # fmt: skip
    desk, visitor = client_of(applicant, english=True), client_of(english=True)
    pages = [desk.get("/desk/assets"), desk.get("/desk/assets/new"), desk.get(f"/desk/assets/new/{dataset.number}")]
    pages += [desk.get(f"/desk/assets/new/{dataset.number}/{t.key}") for t in TOPICS]
    pages += [desk.get(f"/desk/assets/new/{dataset.number}/check"), visitor.get("/notices"), visitor.get("/verify"),
              visitor.get("/verify?number=XX")]  # fmt: skip
    case = make_application(applicant, version, office, **english)
    pages += [desk.get(f"/desk/assets/applied/{case.number}")]
    case = to_state(case, office, applicant, "notice")
    Registration.objects.update(opinion="fine")
    asset = case.registration.asset
    pages += [visitor.get("/notices"), visitor.get(f"/notices/{case.number}"), desk.get(f"/desk/assets/{asset.number}")]
    engine.fire(case.number, "deposit")
    anchor()
    number = asset.certificates.get().number
    pages += [visitor.get(f"/verify/{number}"), desk.get(f"/desk/assets/{asset.number}"), desk.get("/desk/assets")]
    for answer in pages:
        text = re.sub(r'<button type="submit" lang="zh-CN">.*?</button>', "", answer.content.decode(), flags=re.S)
        found = sorted({HAN.search(line)[0] + line.strip()[:120] for line in text.splitlines() if HAN.search(line)})
        assert not found, (answer.request["PATH_INFO"], found[:3])
