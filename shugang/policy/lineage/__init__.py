"""Lineage by column of one query, in one pass."""

from shugang.policy.lineage.kinds import MASKING, SUBTYPES, Transformation, transformations
from shugang.policy.lineage.walk import Lineage, lineage

__all__ = ["MASKING", "SUBTYPES", "Lineage", "Transformation", "lineage", "transformations"]
