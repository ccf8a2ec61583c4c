"""The wing's tables; each room owns its own."""

from .accounts.models import AccessToken, Invitation, Membership, Person
from .keys.models import SigningKey
from .mandates.models import Mandate
from .notices.models import Letter, Notice, NoticeChoice
from .organisations.models import Party
from .posts.models import Post

__all__ = [
    "AccessToken",
    "Invitation",
    "Letter",
    "Mandate",
    "Membership",
    "Notice",
    "NoticeChoice",
    "Party",
    "Person",
    "Post",
    "SigningKey",
]
