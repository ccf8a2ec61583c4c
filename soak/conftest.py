"""The long versions: `make soak`, apart from `make test`."""

from shugang.delivery.plane.tests.conftest import control, make_plane, vault

__all__ = ["control", "make_plane", "vault"]
