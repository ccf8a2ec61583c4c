from django.apps import AppConfig


class AssetsConfig(AppConfig):
    name = "shugang.assets"
    label = "assets"

    def ready(self) -> None:
        from shugang.delivery.datasets import standing as told
        from shugang.kernel import words
        from shugang.kernel.periodic import beside, every_pass

        from . import doors, notices, standing
        from .grading import process as grading  # noqa: F401
        from .grading import proposing
        from .grading import reactions as regrading  # noqa: F401  reactions register themselves
        from .grading.words import EVENTS as GRADING_EVENTS
        from .quality import working as quality
        from .quality.words import EVENTS as QUALITY_EVENTS
        from .recognition import process as recognition  # noqa: F401
        from .registration import (  # noqa: F401  the procedures and reactions register themselves
            amending,
            derivation,
            disputes,
            encumbrances,
            joint,
            life,
            process,
            services,
            verify,
        )
        from .registry import index as registry
        from .review import process as review  # noqa: F401
        from .review import reactions as reviewing  # noqa: F401
        from .review import services as reviews
        from .thirdparty import order_process  # noqa: F401
        from .thirdparty import services as thirdparty
        from .thirdparty.words import EVENTS
        from .valuation import services as valuation
        from .valuation import verify as valuation_verify  # noqa: F401  joins the public verification
        from .valuation.words import EVENTS as VALUATION_EVENTS

        doors.register()
        told.register(standing.told)
        notices.register_all()
        words.register(GRADING_EVENTS)
        every_pass("assets.documents", services.issue_documents)
        every_pass("assets.lapse", services.lapse_due)
        every_pass("assets.security_reviews", reviews.reopen_expired)
        beside("assets.detections", proposing.run_detections)
        every_pass("assets.qualifications", thirdparty.suspend_lapsed)
        words.register(EVENTS)
        every_pass("assets.registry", registry.index_missing)
        every_pass("assets.encumbrances", encumbrances.end_due)
        words.register(QUALITY_EVENTS)
        every_pass("assets.quality", quality.advance)
        every_pass("assets.appraisal_reports", valuation.issue_reports)
        every_pass("assets.appraisal_lapse", valuation.lapse_reports)
        words.register(VALUATION_EVENTS)
