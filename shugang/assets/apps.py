from django.apps import AppConfig


class AssetsConfig(AppConfig):
    name = "shugang.assets"
    label = "assets"

    def ready(self) -> None:
        from shugang.kernel import words
        from shugang.kernel.periodic import every_pass

        from . import doors
        from .registration import life, process, services, verify  # noqa: F401  the procedures register themselves
        from .thirdparty import order_process  # noqa: F401
        from .thirdparty import services as thirdparty
        from .thirdparty.words import EVENTS

        doors.register()
        every_pass("assets.documents", services.issue_documents)
        every_pass("assets.lapse", services.lapse_due)
        every_pass("assets.qualifications", thirdparty.suspend_lapsed)
        words.register(EVENTS)
