from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "shugang.portal"
    label = "portal"

    def ready(self) -> None:
        from shugang.kernel import clock, witnessing, words
        from shugang.kernel.periodic import beside, every_pass
        from shugang.parties.notices.rules import register_reading
        from shugang.ui.context import register_clock

        from . import doors
        from .log import sending, tsa
        from .reading import addresses
        from .words import EVENTS

        words.register(EVENTS)
        every_pass("log.anchor_peers", witnessing.anchor_peers)
        beside("log.witnesses", sending.witness_round)
        beside("log.time_stamps", tsa.stamp_due)
        register_clock(clock.now)
        register_reading(addresses)
        doors.register_all()
