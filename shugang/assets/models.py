"""The tables of the wing, gathered from its rooms."""

from .registration.models import (
    AssetRight,
    Certificate,
    DataAsset,
    Objection,
    Registration,
    RegistrationDraft,
)
from .thirdparty.models import Qualification, ServiceOffer, ServiceOrder, SignedReport

__all__ = [
    "AssetRight",
    "Certificate",
    "DataAsset",
    "Objection",
    "Qualification",
    "Registration",
    "RegistrationDraft",
    "ServiceOffer",
    "ServiceOrder",
    "SignedReport",
]
