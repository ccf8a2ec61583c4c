"""The addresses of the control process: each room's pages, the API, the health checks."""

from __future__ import annotations

from django.urls import include, path

from . import rooms
from .api import api, api_page

urlpatterns = [
    path("api/v1/", api.urls),
    path("api", api_page, name="api-page"),
    path("", include("shugang.ui.urls")),
]
for module in rooms.modules("pages"):
    urlpatterns += module.urlpatterns
handler400 = "shugang.ui.errors.bad_request"
handler403 = "shugang.ui.errors.forbidden"
handler404 = "shugang.ui.errors.not_found"
handler500 = "shugang.ui.errors.server_error"
