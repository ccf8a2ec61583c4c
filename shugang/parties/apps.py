from django.apps import AppConfig


class PartiesConfig(AppConfig):
    name = "shugang.parties"
    label = "parties"

    def ready(self) -> None:
        from shugang.ui.context import register_account

        from . import doors
        from .organisations import process  # noqa: F401  (registers the onboarding procedure)

        _choose_adapters()
        register_account(doors.account)
        doors.register_all()


def _choose_adapters() -> None:
    """The wing owns signing in. allauth's default adapter would keep second-factor secrets in the clear."""
    from django.conf import settings

    settings.ACCOUNT_ADAPTER = "shugang.parties.accounts.adapters.AccountAdapter"
    settings.MFA_ADAPTER = "shugang.parties.accounts.adapters.MFAAdapter"
