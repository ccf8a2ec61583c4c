"""Django app of the common user interface; it has no tables."""

from __future__ import annotations

from django.apps import AppConfig


class UiConfig(AppConfig):
    name = "shugang.ui"
    label = "ui"
