"""One entry in the words that search engines read (schema.org Dataset), as a data block of its page."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.utils.safestring import SafeString, mark_safe

from .models import PublicResource

# A data block is no script, yet it ends where a script ends: nothing in it may look like markup.
_ESCAPES = {ord("<"): "\\u003C", ord(">"): "\\u003E", ord("&"): "\\u0026"}


def described(resource: PublicResource) -> dict[str, Any]:
    """What the public page shows and no more."""
    address = f"{settings.SHUGANG_PUBLIC_URL}/public-data/{resource.number}"
    found = {
        "@context": "https://schema.org", "@type": "Dataset", "@id": address, "url": address, "name": resource.name,
        "alternateName": resource.name_en, "description": resource.summary, "identifier": resource.code,
        "version": str(resource.version), "inLanguage": "zh",
        "datePublished": resource.published_at.date().isoformat() if resource.published_at else "",
        "dateModified": (resource.data_at or resource.published_at or resource.created_at).date().isoformat(),
        "publisher": {"@type": "GovernmentOrganization", "name": resource.department.name},
        "variableMeasured": list(resource.items.order_by("position").values_list("name", flat=True)),
        "includedInDataCatalog": {"@type": "DataCatalog", "name": settings.SHUGANG_SITE_NAME_ZH,
                                  "url": f"{settings.SHUGANG_PUBLIC_URL}/public-data"},
    }  # fmt: skip
    return {name: value for name, value in found.items() if value}


def block(resource: PublicResource) -> SafeString:
    text = json.dumps(described(resource), ensure_ascii=False).translate(_ESCAPES)
    return mark_safe(f'<script type="application/ld+json">{text}</script>')  # noqa: S308 escaped above
