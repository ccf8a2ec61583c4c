"""Rule profiles: loaded from JSON files that the wings ship; a new version is a new row."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Any

from .models import RuleProfile


def load_profile(path: Path) -> RuleProfile:
    """Store the profile in `path` unless that code and version are there; changed content is refused."""
    return load_profiles([path])[0]


def load_profiles(paths: Iterable[Path]) -> list[RuleProfile]:
    """The same for many files, in two or three questions."""
    shipped = [_read(path) for path in paths]
    known = _known(shipped)
    missing = [row for row in shipped if (row.code, row.version) not in known]
    if missing:
        # Another process may load them at the same moment; what stands there is then compared below.
        RuleProfile.objects.bulk_create(missing, ignore_conflicts=True)
        known = _known(shipped)
    for row in shipped:
        if known[row.code, row.version].digest != row.digest:
            raise ValueError(f"profile {row.code} v{row.version} was changed in place; give it a new version")
    return [known[row.code, row.version] for row in shipped]


def _read(path: Path) -> RuleProfile:
    raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return RuleProfile(
        code=raw["code"],
        version=raw["version"],
        title_zh=raw["title"]["zh"],
        title_en=raw["title"]["en"],
        effective_from=date.fromisoformat(raw["effective_from"]),
        data=raw["data"],
        digest=hashlib.sha256(json.dumps(raw, sort_keys=True, ensure_ascii=False).encode()).hexdigest(),
    )


def _known(shipped: list[RuleProfile]) -> dict[tuple[str, int], RuleProfile]:
    found = RuleProfile.objects.filter(code__in={row.code for row in shipped})
    return {(row.code, row.version): row for row in found}


def current_profile(code: str, on: date) -> RuleProfile:
    """The newest version in force on a day. Raises RuleProfile.DoesNotExist when none is loaded."""
    found = RuleProfile.objects.filter(code=code, effective_from__lte=on).order_by("-version").first()
    if found is None:
        raise RuleProfile.DoesNotExist(f"no rule profile {code} in force on {on}")
    return found
