"""What can go wrong in the evidence log. Messages are for operators; pages map the class to other words."""


class EvidenceError(Exception):
    """Any refusal of this package."""


class FormatError(EvidenceError, ValueError):
    """Bytes or text that do not follow their format."""


class VerificationError(EvidenceError):
    """A signature, a proof or a commitment that does not hold."""


class InconsistentLogError(EvidenceError):
    """Two histories of one log: signing, or going on, would fork it. Needs a person, never a retry."""


class MissingDataError(EvidenceError):
    """A tile, a bundle or a checkpoint that the store does not hold."""
