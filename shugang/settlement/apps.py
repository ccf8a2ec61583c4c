from django.apps import AppConfig


class SettlementConfig(AppConfig):
    name = "shugang.settlement"
    label = "settlement"

    def ready(self) -> None:
        from . import doors

        doors.register()
