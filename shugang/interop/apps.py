from django.apps import AppConfig


class InteropConfig(AppConfig):
    name = "shugang.interop"
    label = "interop"
