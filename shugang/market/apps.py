from django.apps import AppConfig

from shugang.policy.text import Text


class MarketConfig(AppConfig):
    name = "shugang.market"
    label = "market"

    def ready(self) -> None:
        from shugang.delivery.datasets import standing
        from shugang.kernel import words
        from shugang.kernel.periodic import beside, every_pass

        from . import doors, notices
        from .acceptance import reactions as acceptances  # noqa: F401
        from .agreements.process import AGREEMENT  # noqa: F401
        from .agreements.services import expire_due as expire_agreements
        from .auction import reactions as auctions  # noqa: F401
        from .auction.award import advance_due
        from .auction.process import AUCTION  # noqa: F401
        from .bundles import reactions as bundles  # noqa: F401
        from .bundles.process import BUNDLE  # noqa: F401
        from .contracts.process import CONTRACT  # noqa: F401  the procedures register themselves
        from .contracts.services import expire_due
        from .demand import doors as demand_doors
        from .demand import words as demand_words
        from .demand.invitations import INVITATION  # noqa: F401
        from .demand.process import DEMAND  # noqa: F401
        from .disputes import remedies  # noqa: F401
        from .disputes.process import DISPUTE  # noqa: F401
        from .disputes.settling import SETTLEMENT  # noqa: F401
        from .disputes.words import EVENTS as DISPUTES
        from .listing import reactions  # noqa: F401  so do the reactions
        from .listing.process import LISTING  # noqa: F401
        from .listing.reopening import end_licences
        from .matching import reactions as matching  # noqa: F401
        from .matching.running import run_due
        from .pricing import ceilings
        from .pricing.asking import cap_rows, decided
        from .pricing.process import MODELLING  # noqa: F401
        from .products import objects, offers  # noqa: F401
        from .responses.process import RESPONSE  # noqa: F401
        from .samples import reactions as samples  # noqa: F401
        from .search import index, shelf
        from .trade.process import TRADE  # noqa: F401
        from .vouchers import check  # noqa: F401
        from .vouchers import reactions as vouchers  # noqa: F401

        demand_doors.register_all()
        demand_words.register_all()
        doors.register()
        standing.register(offers.told)
        ceilings.register("guided", decided, cap_rows)
        notices.register_all()
        words.register(DISPUTES)
        words.register(
            {
                "sample.taken": Text("领取样本", "Sample taken"),
                "agreement.product_tied": Text("登记融合开发的成果产品", "Product of a joint development named"),
            }
        )
        every_pass("market.expire", expire_due)
        every_pass("market.licences", end_licences)
        every_pass("market.auctions", advance_due)
        every_pass("market.catalogue", index.index_missing)
        every_pass("market.shelf", shelf.number)
        every_pass("market.agreements", expire_agreements)
        beside("market.match", run_due)
