from django.apps import AppConfig


class SettlementConfig(AppConfig):
    name = "shugang.settlement"
    label = "settlement"

    def ready(self) -> None:
        from shugang.kernel.periodic import every_pass

        from . import doors, notices
        from .charges import reactions  # noqa: F401  register themselves
        from .deposits import reactions as deposits  # noqa: F401
        from .invoices import reactions as invoices  # noqa: F401
        from .payouts import prepaid  # noqa: F401
        from .payouts.reserve import release_due
        from .payouts.steps import register_steps
        from .payouts.suspense import remind_of_old
        from .reconciliation.services import reconcile_yesterday

        doors.register()
        notices.register_all()
        register_steps()
        every_pass("settlement.reconcile_yesterday", reconcile_yesterday)
        every_pass("settlement.release_due", release_due)
        every_pass("settlement.remind_of_old", remind_of_old)
