"""The secret of a data set's marks: derived, so that there is nothing to store and nothing to lose but the master key."""

from __future__ import annotations

from shugang.kernel.secrets import derive
from shugang.policy.marks import row_secret


def mark_secret(dataset: str) -> bytes:
    """32 bytes for the data set of that number. Raises SecretUnreadable."""
    return row_secret(derive("marks"), dataset)
