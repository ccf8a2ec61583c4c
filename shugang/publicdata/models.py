"""The wing's tables, gathered for one migrations folder."""

from .authorisation import models as authorisation
from .catalogue import models as catalogue
from .catalogue.harvest import models as harvest
from .crosscheck import models as crosscheck
from .lineage import models as lineage
from .rectification import models as rectification
from .scenarios import models as scenarios
from .sharing import models as sharing
from .sources import models as sources
from .trace import models as trace

__all__ = [
    "authorisation",
    "catalogue",
    "crosscheck",
    "harvest",
    "lineage",
    "rectification",
    "scenarios",
    "sharing",
    "sources",
    "trace",
]
