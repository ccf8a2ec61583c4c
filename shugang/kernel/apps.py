from django.apps import AppConfig


class KernelConfig(AppConfig):
    name = "shugang.kernel"
    label = "kernel"
