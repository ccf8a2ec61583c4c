from django.apps import AppConfig


class MarketConfig(AppConfig):
    name = "shugang.market"
    label = "market"
