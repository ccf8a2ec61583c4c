from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "shugang.portal"
    label = "portal"

    def ready(self) -> None:
        from shugang.kernel import clock
        from shugang.ui.context import register_clock

        from . import doors

        register_clock(clock.now)
        doors.register_all()
