"""The wing's tables; each room owns its own."""

from .accounts.models import AccessToken, Invitation, Membership, Person
from .keys.models import SigningKey
from .organisations.models import Party
from .posts.models import Post

__all__ = ["AccessToken", "Invitation", "Membership", "Party", "Person", "Post", "SigningKey"]
