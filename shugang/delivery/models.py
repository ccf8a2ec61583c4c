"""The rooms' tables under one label, so that a wall between rooms moves without a migration."""

from .acknowledgements.models import Acknowledgement
from .connections.models import Connection
from .connectors.models import ConnectedSource
from .datasets.models import Column, Dataset, DatasetVersion
from .deletions.models import DeletionDemand, DeletionStatement
from .grants.models import Credential, Grant, GrantBasis, GrantHold
from .metering.models import PlaneBooks, UsageRecord
from .planes.models import Plane, PlaneNonce
from .vault.models import Upload
from .webhooks.models import WebhookAttempt, WebhookEndpoint, WebhookMessage

__all__ = [
    "Acknowledgement",
    "Column",
    "ConnectedSource",
    "Connection",
    "Credential",
    "Dataset",
    "DatasetVersion",
    "DeletionDemand",
    "DeletionStatement",
    "Grant",
    "GrantBasis",
    "GrantHold",
    "Plane",
    "PlaneBooks",
    "PlaneNonce",
    "Upload",
    "UsageRecord",
    "WebhookAttempt",
    "WebhookEndpoint",
    "WebhookMessage",
]
