from django.apps import AppConfig


class PartiesConfig(AppConfig):
    name = "shugang.parties"
    label = "parties"

    def ready(self) -> None:
        from shugang.kernel import words
        from shugang.kernel.periodic import Hourly, beside, every_pass
        from shugang.ui.context import register_account

        from . import doors
        from .mandates.acts import EVENTS
        from .notices import mailing, own, writing
        from .organisations import process  # noqa: F401  (registers the onboarding procedure)
        from .posts.words import LABELS

        words.register(LABELS)
        words.register(EVENTS)
        register_account(doors.account)
        doors.register_all()
        own.register_all()
        every_pass("parties.notices", Hourly(writing.near))
        beside("parties.letters", mailing.work)
