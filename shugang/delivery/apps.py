from django.apps import AppConfig


class DeliveryConfig(AppConfig):
    name = "shugang.delivery"
    label = "delivery"

    def ready(self) -> None:
        from shugang.kernel.periodic import Hourly, beside, every_pass

        from . import doors, notices
        from .grants import reactions  # noqa: F401  they register themselves
        from .grants.services import end_expired
        from .planes.requests import forget_nonces
        from .vault.converting import advance
        from .webhooks import sending, telling

        doors.register()
        notices.register_all()
        telling.register_all()
        every_pass("delivery.end_expired", end_expired)
        every_pass("delivery.forget_nonces", forget_nonces)
        every_pass("delivery.vault", advance)
        every_pass("delivery.webhooks_pruned", Hourly(sending.prune))
        beside("delivery.webhooks", sending.work)
