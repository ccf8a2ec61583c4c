"""Detection of personal and sensitive columns from their headers and a sample of their values.

A pure function over a DuckDB relation: `detect`. The dictionary (`kinds.json`) is versioned data; a finding carries what it
rests on in words, counts and shapes, never a value.
"""

from shugang.assets.grading.detection.detecting import Finding, detect
from shugang.assets.grading.detection.kinds import KINDS, VERSION, Kind

__all__ = ["KINDS", "VERSION", "Finding", "Kind", "detect"]
