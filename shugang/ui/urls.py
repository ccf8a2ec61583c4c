"""Addresses of the common user interface: include them at the root."""

from __future__ import annotations

from django.urls import path

from shugang.ui.language import set_language, set_text_size

urlpatterns = [
    path("language", set_language, name="language"),
    path("text-size", set_text_size, name="text-size"),
]
