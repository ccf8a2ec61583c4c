"""Rule profiles: loaded from JSON files that the wings ship; a new version is a new row."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path
from typing import Any

from .models import RuleProfile


def load_profile(path: Path) -> RuleProfile:
    """Store the profile in `path` unless that code and version are there; changed content is refused."""
    raw: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    digest = hashlib.sha256(json.dumps(raw, sort_keys=True, ensure_ascii=False).encode()).hexdigest()
    row, created = RuleProfile.objects.get_or_create(
        code=raw["code"],
        version=raw["version"],
        defaults={
            "title_zh": raw["title"]["zh"],
            "title_en": raw["title"]["en"],
            "effective_from": date.fromisoformat(raw["effective_from"]),
            "data": raw["data"],
            "digest": digest,
        },
    )
    if not created and row.digest != digest:
        raise ValueError(f"profile {row.code} v{row.version} was changed in place; give it a new version")
    return row


def current_profile(code: str, on: date) -> RuleProfile:
    """The newest version in force on a day. Raises RuleProfile.DoesNotExist when none is loaded."""
    found = RuleProfile.objects.filter(code=code, effective_from__lte=on).order_by("-version").first()
    if found is None:
        raise RuleProfile.DoesNotExist(f"no rule profile {code} in force on {on}")
    return found
