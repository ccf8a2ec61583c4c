"""What we ship from others is what they published, and its licence is beside it."""

from __future__ import annotations

import base64
import hashlib
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
LIST = tomllib.loads((ROOT / "vendor.toml").read_text(encoding="utf-8"))
TARGET = ROOT / LIST["target"]
FILES = [(name, entry["sha384"]) for package in LIST["package"] for name, entry in package["files"].items()]
ICONS = {icon for package in LIST["package"] for icon in package.get("icons", [])}


@pytest.mark.parametrize(("name", "recorded"), FILES, ids=[name for name, _ in FILES])
def test_file_is_the_recorded_one(name: str, recorded: str) -> None:
    content = (TARGET / name).read_bytes()
    assert f"sha384-{base64.b64encode(hashlib.sha384(content).digest()).decode()}" == recorded


def test_nothing_else_lies_in_the_folder() -> None:
    assert {p.name for p in TARGET.iterdir()} == {name for name, _ in FILES} | {"tabler.LICENSE"}


@pytest.mark.parametrize("stem", ["tabler", "echarts", "htmx", "icons"])
def test_licence_is_beside_it(stem: str) -> None:
    assert len((TARGET / f"{stem}.LICENSE").read_text(encoding="utf-8")) > 300


def test_every_icon_a_page_names_is_in_the_sprite() -> None:
    drawn = set(re.findall(r'symbol id="([^"]+)"', (TARGET / "icons.svg").read_text(encoding="utf-8")))
    assert drawn == ICONS
    named: set[str] = set()
    for path in (ROOT / "shugang").glob("*/jinja2/**/*.html"):
        named.update(re.findall(r'(?:ui\.icon|_icon)\("([a-z0-9-]+)"\)', path.read_text(encoding="utf-8")))
    assert named
    assert named <= drawn, f"not in the sprite: {sorted(named - drawn)}"
