"""The addresses of the control process: each room's pages, the API, the health checks."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, include, path

from . import rooms
from .api import api, api_page
from .routes import grouped

urlpatterns: list[URLPattern | URLResolver] = [
    path("api/v1/", api.urls),
    path("api", api_page, name="api-page"),
    path("", include("shugang.ui.urls")),
]
urlpatterns += grouped([p for module in rooms.modules("pages") for p in module.urlpatterns])
handler400 = "shugang.ui.errors.bad_request"
handler403 = "shugang.ui.errors.forbidden"
handler404 = "shugang.ui.errors.not_found"
handler500 = "shugang.ui.errors.server_error"
