"""Every address of the platform with a sample, its owner, and how far it is open. One module for each wing.

`tests.test_isolation` walks all of them; an address or an operation of the API that stands in none fails there.
"""

from __future__ import annotations

from .base import Door
from .deals import DOORS as DEALS
from .delivery import DOORS as DELIVERY
from .demand import DOORS as DEMAND
from .grading import DOORS as GRADING
from .market import DOORS as MARKET
from .parties import DOORS as PARTIES
from .portal import DOORS as PORTAL
from .publicdata import DOORS as PUBLICDATA
from .quality import DOORS as QUALITY
from .registration import DOORS as REGISTRATION
from .settlement import DOORS as SETTLEMENT
from .thirdparty import DOORS as THIRDPARTY
from .valuation import DOORS as VALUATION

DOORS: tuple[Door, ...] = (
    *PARTIES, *DELIVERY, *REGISTRATION, *GRADING, *THIRDPARTY, *QUALITY, *VALUATION, *SETTLEMENT, *MARKET, *DEALS, *PORTAL
)  # fmt: skip
DOORS += (*DEMAND, *PUBLICDATA)
