"""The rights matrix: every source × right × declaration, and the sentence that comes with a refusal."""

import itertools
import json
from pathlib import Path

import pytest

from shugang.assets.registration import rights
from shugang.assets.registration.form import FIRST_REGISTRATION
from shugang.assets.registration.rights import RIGHTS, SOURCES, Facts, verdict

PROFILE = Path(rights.__file__).parent.parent / "profiles" / "registration-local-1.json"
MATRIX = json.loads(PROFILE.read_text(encoding="utf-8"))["data"]["rights"]
NOTHING = Facts()
ALL = Facts(True, True, True)

# (source, declared) → the rights that may be registered, written out by hand from 国数综政策〔2026〕35号.
EXPECTED = {
    ("collected", NOTHING): {"HOLD", "USE", "OPERATE"},
    ("crawled", NOTHING): {"HOLD", "USE"},
    ("crawled", Facts(not_substitute=True)): {"HOLD", "USE", "OPERATE"},
    ("crawled", Facts(consent=True, changed=True)): {"HOLD", "USE"},
    ("agreement", NOTHING): {"HOLD", "USE"},
    ("agreement", Facts(consent=True)): {"HOLD", "USE", "OPERATE"},
    ("agreement", Facts(not_substitute=True, changed=True)): {"HOLD", "USE"},
    ("derived", NOTHING): set(),
    ("derived", Facts(changed=True)): {"HOLD", "USE", "OPERATE"},
    ("entrusted", NOTHING): set(),
    ("entrusted", ALL): set(),
}


@pytest.mark.parametrize(("case", "allowed"), EXPECTED.items(), ids=lambda x: str(x))
def test_the_matrix_allows_exactly_these_rights(case, allowed):
    source, facts = case
    assert {r for r in RIGHTS if verdict(MATRIX, source, r, facts).allowed} == allowed


@pytest.mark.parametrize(("source", "right"), list(itertools.product([code for code, _ in SOURCES], RIGHTS)))
def test_every_verdict_says_why_in_both_languages(source, right):
    for facts in (NOTHING, ALL):
        why = verdict(MATRIX, source, right, facts).why
        assert why.zh.endswith("。") and why.en.endswith(".")
        assert "！" not in why.zh and "!" not in why.en


def test_a_source_or_right_unknown_to_the_profile_is_refused():
    assert not verdict(MATRIX, "found-on-the-street", "HOLD", ALL).allowed
    assert not verdict({"collected": {"HOLD": "if_the_moon_is_full"}}, "collected", "HOLD", ALL).allowed


def test_every_field_of_the_form_has_a_hint_in_both_languages():
    for field in FIRST_REGISTRATION.fields:
        assert field.hint.zh and field.hint.en, field.name
        assert field.label.zh and field.label.en, field.name
