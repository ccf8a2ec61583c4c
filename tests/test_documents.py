"""The documents agree with the code: diagrams, links, addresses, commands, settings, punctuation, no traces of a workplace."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from django.urls import Resolver404, resolve

from shugang.cli import parser
from shugang.delivery.plane.config import PlaneConfig

ROOT = Path(__file__).resolve().parent.parent
SKIPPED = {".git", ".venv", ".venv-client", "var", "node_modules", "__pycache__"}
# Written in pieces: this file is searched as well.
# Tests hold tables as text, where a comma parts cells.
TABLES = re.compile(r"/tests/|/testing\.py$")
WORKPLACE = ["/" + "work/", "farm" + "-studio", "/tmp" + "/brief", "/root" + "/"]
REGISTRIES = [
    "pypi" + ".org",
    "pythonhosted" + ".org",
    "npmjs" + ".org",
    "npmjs" + ".com",
    "npm" + "mirror",
    "tuna.tsin" + "ghua",
]


def committed() -> list[Path]:
    """Files of the repository, and those that will be; every file of the tree where git is not at hand."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout.decode()
        paths = [ROOT / name for name in listed.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        paths = [p for p in ROOT.rglob("*") if not SKIPPED & set(p.relative_to(ROOT).parts)]
    return sorted(p for p in paths if p.is_file())


def texts(*suffixes: str) -> dict[str, str]:
    """Relative name → text; binary files are left out."""
    found = {}
    for path in committed():
        if not suffixes or path.suffix in suffixes:
            data = path.read_bytes()
            if b"\0" not in data[:8192]:
                found[str(path.relative_to(ROOT))] = data.decode("utf-8", errors="replace")
    return found


def documents() -> dict[str, str]:
    return texts(".md")


def guides() -> dict[str, str]:
    """What tells people where to click and what to type."""
    return {name: text for name, text in documents().items() if "guides/" in name or name.startswith("README")}


def test_drawn_files_are_what_the_code_gives():
    # A process of its own: other tests register reactions and procedures of theirs in this one.
    done = subprocess.run(
        [sys.executable, "scripts/draw_architecture.py", "--check"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, f"run python scripts/draw_architecture.py\n{done.stdout}{done.stderr}"


def test_every_procedure_has_its_diagram():
    from shugang.kernel.procedure import all_procedures

    missing = [p.code for p in all_procedures() if not (ROOT / "docs" / "diagrams" / f"{p.code}.md").exists()]

    assert missing == []


def anchors(text: str) -> set[str]:
    """The names by which GitHub lets links reach a heading."""
    heads = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).replace(" ", "-") for head in heads}


def test_relative_links_lead_somewhere():
    broken = []
    for name, text in documents().items():
        prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", prose):
            if re.match(r"[a-z]+:", target):
                continue
            path, _, anchor = target.partition("#")
            there = (ROOT / name).parent / path if path else ROOT / name
            if not there.exists():
                broken.append(f"{name}: {target}")
            elif anchor and anchor not in anchors(there.read_text(encoding="utf-8")):
                broken.append(f"{name}: {target} (no such heading)")
    assert broken == []


@pytest.mark.parametrize("words", [WORKPLACE, REGISTRIES], ids=["workplace", "registries"])
def test_no_file_names_where_it_was_made(words):
    found = [f"{name}: {word}" for name, text in texts().items() for word in words if word in text]

    assert found == []


def test_chinese_sentences_have_chinese_punctuation():
    ascii_between = re.compile(r"[\u4e00-\u9fff][,:;?][\u4e00-\u9fff]")
    found = [
        f"{name}:{number}: {line.strip()[:80]}"
        for name, text in texts(".py", ".html", ".typ", ".md", ".json").items()
        if name.startswith(("shugang/", "docs/", "README", "CHANGELOG")) and not TABLES.search(name)
        for number, line in enumerate(text.split("\n"), 1)
        if ascii_between.search(line)
    ]
    assert found == []


# Not of the control process: the plane serves these, and these belong to the log's folder.
PLANE_PATHS = re.compile(r"/(delta-sharing|files|query/v1|api/v1/lookup)\b")
SITE_PATHS = re.compile(
    r"`(/(?:desk|join|sign-in|verify|notices|products|log|api|parties|trace|cases|invited|healthz|metrics|plane)[^`\s]*)`"
)


def filled_in(path: str) -> str:
    return re.sub(r"编号|NUMBER", "XX-2026-000001", path.replace("KIND", "asset")).replace("…", "cases")


def test_every_address_in_the_guides_exists():
    unknown = []
    for name, text in guides().items():
        for path in SITE_PATHS.findall(text):
            if PLANE_PATHS.match(path):
                continue
            try:
                resolve(filled_in(path))
            except Resolver404:
                unknown.append(f"{name}: {path}")
    assert unknown == []


def commands(text: str) -> list[list[str]]:
    """Arguments of each `shugang …` that a document tells to type."""
    shown = re.findall(r"^\s*(?:\.venv/bin/)?shugang ([a-z].*)$", text, re.MULTILINE)
    shown += re.findall(r"`(?:\.venv/bin/)?shugang ([a-z][^`]*)`", text)
    return [shlex.split(line, comments=True) for line in shown if "…" not in line]


def test_every_command_in_the_guides_is_understood(capsys):
    told = [(name, args) for name, text in guides().items() for args in commands(text)]
    wrong = []
    for name, args in told:
        try:
            parser().parse_args(args)
        except SystemExit:
            wrong.append(f"{name}: shugang {' '.join(args)}")
    assert told != [] and wrong == []


def test_every_make_target_in_the_documents_exists():
    targets = set(re.findall(r"^([A-Za-z][\w-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    told = {(name, t) for name, text in documents().items() for t in re.findall(r"\bmake ([a-z]+)\b", text)}
    # English prose says “make a plane” and “make install” is somebody else's.
    code = {(name, t) for name, t in told if f"`make {t}" in documents()[name] or f"\nmake {t}" in documents()[name]}

    assert {t for _, t in code} - targets == set() and code != set()


def test_settings_table_names_exactly_the_settings():
    source = (ROOT / "shugang" / "settings.py").read_text(encoding="utf-8")
    read = {f"SHUGANG_{name}" for name in re.findall(r'_(?:env|flag)\("([A-Z_]+)"', source)}
    told = set(re.findall(r"`(SHUGANG_[A-Z_]+)`", (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")))
    # Those of the platform's own plane pass through `shugang serve` to it.
    planes = {f"SHUGANG_PLANE_{name.upper()}" for name in PlaneConfig.__dataclass_fields__} | {"SHUGANG_PLANE_WORKERS"}

    assert read <= told and told - read <= planes


def test_settings_in_documents_and_samples_exist():
    known = set(re.findall(r"`(SHUGANG_[A-Z_]+)`", (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")))
    known |= {f"SHUGANG_PLANE_{name.upper()}" for name in PlaneConfig.__dataclass_fields__}
    known |= {"SHUGANG_TOKEN"}  # of `shugang upload`, which knows no platform settings
    shown = {**guides(), "deploy/nginx.conf": (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")}
    strange = [
        f"{n}: {s}" for n, text in shown.items() for s in re.findall(r"\bSHUGANG_[A-Z_]+\b", text) if s not in known
    ]

    assert strange == []


def test_terms_page_is_what_the_tables_say():
    done = subprocess.run([sys.executable, "-m", "shugang.policy.docs"], cwd=ROOT, capture_output=True, check=True)

    assert done.stdout.decode() == (ROOT / "docs" / "terms.md").read_text(encoding="utf-8")


def test_guides_are_short():
    long = [name for name, text in guides().items() if "guides/" in name and text.count("\n") >= 120]

    assert long == []


def test_both_readmes_point_to_the_same_files():
    links = {
        name: sorted(
            t for t in re.findall(r"\]\(([^)#]+)\)", (ROOT / name).read_text(encoding="utf-8")) if "README" not in t
        )
        for name in ("README.md", "README.zh-CN.md")
    }
    assert links["README.md"] == links["README.zh-CN.md"] != []
