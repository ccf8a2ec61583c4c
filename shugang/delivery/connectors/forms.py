"""What the form pages of this room render alike."""

from __future__ import annotations

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from shugang.kernel.errors import Refusal
from shugang.kernel.forms import Form


def form_page(
    request: HttpRequest, template: str, form: Form, values: dict[str, Any], refusal: Refusal | None, **more: Any
) -> HttpResponse:
    """The form with what was entered, and the refusal where there is one (its status, 200 otherwise)."""
    context = {
        "fields": form.fields,
        "values": values,
        "errors": refusal.fields if refusal else {},
        "general": refusal.message if refusal and not refusal.fields else None,
        "key": str(uuid.uuid4()),
        **more,
    }
    return render(request, template, context, status=refusal.status if refusal else 200)
