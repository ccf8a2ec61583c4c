from importlib import import_module

from django.apps import AppConfig

ROOMS = (
    "catalogue",
    "catalogue.harvest",
    "sources",
    "crosscheck",
    "rectification",
    "lineage",
    "sharing",
    "authorisation",
    "scenarios",
    "trace",
)


class PublicDataConfig(AppConfig):
    name = "shugang.publicdata"
    label = "publicdata"

    def ready(self) -> None:
        """Each room registers its procedures, reactions, words, doors and periodic work in its `wiring.py`."""
        from shugang.delivery.words import register_bases

        from .granting import BASES, HOLDS

        register_bases({**BASES, **HOLDS})
        for room in ROOMS:
            import_module(f"{self.name}.{room}.wiring").register()
