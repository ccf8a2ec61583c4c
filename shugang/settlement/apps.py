from django.apps import AppConfig


class SettlementConfig(AppConfig):
    name = "shugang.settlement"
    label = "settlement"

    def ready(self) -> None:
        from . import doors
        from .payouts.steps import register_steps

        doors.register()
        register_steps()
