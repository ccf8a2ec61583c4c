from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "shugang.portal"
    label = "portal"

    def ready(self) -> None:
        from shugang.kernel import clock, words
        from shugang.ui.context import register_clock

        from . import doors
        from .words import EVENTS

        words.register(EVENTS)
        register_clock(clock.now)
        doors.register_all()
