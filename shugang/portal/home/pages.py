"""The front door, and what machines ask: health and metrics."""

from __future__ import annotations

from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import path
from django.views.decorators.http import require_safe

from shugang.kernel import clock, sequencer

from . import queries


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/home.html", queries.front_page())


@require_safe
def help_page(request: HttpRequest) -> HttpResponse:
    return render(request, "portal/help.html", {})


@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 when the database answers; the supervisor and load balancers ask here."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return JsonResponse({"status": "ok", "time": clock.real_now().isoformat()})


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Prometheus text. Counts only, no names; the sample proxy keeps it from the public."""
    state = sequencer.status()
    age = (clock.real_now() - state["at"]).total_seconds() if state["at"] else 0
    lines = [
        "# TYPE shugang_log_entries gauge",
        f"shugang_log_entries {state['size']}",
        "# TYPE shugang_log_backlog gauge",
        f"shugang_log_backlog {state['backlog']}",
        "# TYPE shugang_checkpoint_age_seconds gauge",
        f"shugang_checkpoint_age_seconds {age:.1f}",
        *queries.counts_for_metrics(),
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4; charset=utf-8")


urlpatterns = [
    path("", home, name="home"),
    path("help", help_page, name="help"),
    path("healthz", healthz, name="healthz"),
    path("metrics", metrics, name="metrics"),
]
