"""Every kind of event has its sentence, so that no trace shows a program's word."""

import re
from pathlib import Path

import shugang
from shugang.kernel.words import sentence

ROOT = Path(shugang.__file__).parent
EMIT = re.compile(r'emit\(\s*"([a-z_.]+)"')


def test_every_emitted_kind_is_put_into_words():
    given = {
        kind
        for path in ROOT.rglob("*.py")
        if "tests" not in path.parts
        for kind in EMIT.findall(path.read_text(encoding="utf-8"))
    }
    assert len(given) > 50
    assert sorted(kind for kind in given if sentence(kind).zh == kind) == []


def test_steps_of_procedures_use_their_own_table():
    assert sentence("parties.onboarding.approve").zh.startswith("机构入驻：")
    assert sentence("market.contract.sign.vote").zh.endswith("（其中一方）")
