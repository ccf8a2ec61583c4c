from django.apps import AppConfig


class PartiesConfig(AppConfig):
    name = "shugang.parties"
    label = "parties"

    def ready(self) -> None:
        from shugang.ui.context import register_account

        from . import doors
        from .organisations import process  # noqa: F401  (registers the onboarding procedure)

        register_account(doors.account)
        doors.register_all()
