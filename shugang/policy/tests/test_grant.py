"""The decision whether a use may begin, and the table of refusals."""

from datetime import datetime, timedelta

import pytest

from shugang.policy.grant import Basis, Credential, decide, decide_credential
from shugang.policy.refusals import REFUSALS, refuse
from shugang.policy.tests.strategies import START, plain_grant, plain_terms

DAY = timedelta(days=1)
MOMENT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("changes", "now", "action", "purpose", "code"),
    [
        ({}, START, "read", None, None),
        ({}, START, "read", "contact_verification", None),
        ({}, START - MOMENT, "read", None, "not_started"),
        ({}, START + 300 * DAY - MOMENT, "read", None, None),
        ({}, START + 300 * DAY, "read", None, "expired"),  # the contract ends before the terms do
        ({"bases": (Basis("contract", "a", "b"),)}, START + 365 * DAY - MOMENT, "read", None, None),
        ({"bases": (Basis("contract", "a", "b"),)}, START + 365 * DAY, "read", None, "expired"),
        (
            {"bases": (Basis("contract", "a", "b"), Basis("authorisation", "c", "d", START + DAY))},
            START + DAY,
            "read",
            None,
            "expired",
        ),
        ({"bases": ()}, START, "read", None, "revoked"),  # no use without a basis
        ({"state": "suspended"}, START, "read", None, "suspended"),
        ({"state": "suspended"}, START + 900 * DAY, "read", None, "suspended"),
        ({"state": "ended"}, START, "read", None, "revoked"),
        ({"state": "invented"}, START, "read", None, "revoked"),
        ({}, START, "download", None, "action_denied"),
        ({}, START, "", None, "action_denied"),
        ({}, START, "read", "research", "purpose_denied"),
        ({}, START, "read", "", "purpose_denied"),
    ],
)
def test_decision(changes: dict, now: datetime, action: str, purpose: str | None, code: str | None) -> None:
    refusal = decide(plain_grant(**changes), now, action, purpose)
    assert (refusal.code if refusal else None) == code


@pytest.mark.parametrize(
    ("agreed", "stated", "code"),
    [
        (None, None, None),
        ("isolated", "isolated", None),
        ("isolated", None, "environment_denied"),
        (None, "isolated", "environment_denied"),
    ],
)
def test_a_key_is_bound_to_the_agreed_environment(agreed: str | None, stated: str | None, code: str | None) -> None:
    credential = Credential("C", "bearer", "ab" * 32, "U", "contact_verification", environment=stated)
    assert Credential.from_json(credential.to_json()) == credential
    refusal = decide_credential(plain_grant(terms=plain_terms(environment=agreed)), credential, START)
    assert (refusal.code if refusal else None) == code


@pytest.mark.parametrize(
    ("purpose", "expires_at", "code"),
    [
        ("contact_verification", None, None),
        ("contact_verification", START + MOMENT, None),
        ("contact_verification", START, "credential_expired"),
        ("research", None, "purpose_denied"),
    ],
)
def test_a_key_is_bound_to_the_granted_purpose(purpose: str, expires_at: datetime | None, code: str | None) -> None:
    credential = Credential("C", "bearer", "ab" * 32, "U", purpose, expires_at)
    refusal = decide_credential(plain_grant(terms=plain_terms()), credential, START)
    assert (refusal.code if refusal else None) == code


def test_a_revoked_key_says_so_whatever_else_holds() -> None:
    credential = Credential("C", "bearer", "ab" * 32, "U", "contact_verification", None, revoked=True)
    assert Credential.from_json(credential.to_json()) == credential
    refusal = decide_credential(plain_grant(terms=plain_terms()), credential, START)
    assert refusal is not None and refusal.code == "revoked"


def test_every_refusal_has_a_client_or_server_status_and_both_languages() -> None:
    for code, (status, text) in REFUSALS.items():
        assert 400 <= status < 600 and refuse(code) == (code, status, text)
        assert text.zh.endswith("。") and text.en.endswith(".") and text.en.isascii()
        assert not set("!\uff01") & set(text.zh + text.en)
    statuses = {
        "unknown_key": 401,
        "revoked": 403,
        "rate_limited": 429,
        "bundle_stale": 503,
        "nonce_repeated": 409,
        "result_gone": 409,
        "not_found": 404,
        "bad_request": 400,
        "source_unavailable": 502,
    }
    assert {code: refuse(code).status for code in statuses} == statuses
