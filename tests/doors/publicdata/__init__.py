"""Doors of the public-data and interop wings, one module a room."""

from __future__ import annotations

from ..base import Door
from .authorisation import DOORS as AUTHORISATION
from .catalogue import DOORS as CATALOGUE
from .crosscheck import DOORS as CROSSCHECK
from .interop import DOORS as INTEROP
from .lineage import DOORS as LINEAGE
from .rectification import DOORS as RECTIFICATION
from .scenarios import DOORS as SCENARIOS
from .sharing import DOORS as SHARING
from .sources import DOORS as SOURCES
from .trace import DOORS as TRACE

DOORS: tuple[Door, ...] = (
    *CATALOGUE,
    *SOURCES,
    *CROSSCHECK,
    *RECTIFICATION,
    *LINEAGE,
    *SHARING,
    *AUTHORISATION,
    *SCENARIOS,
    *TRACE,
    *INTEROP,
)
