"""What every test shares: a master key, a folder of its own, a clean set of platform keys."""

import base64
import os

os.environ.setdefault("SHUGANG_MASTER_KEY", base64.b64encode(bytes(range(32))).decode())
os.environ.setdefault("SHUGANG_SECRET_KEY", "a-secret-key-for-the-tests-only-0123456789abcdef")

import pytest


@pytest.fixture(autouse=True)
def var_dir(settings, tmp_path):
    """Files of this test only; the platform's keys are made anew in it."""
    from shugang.kernel import platform

    settings.VAR_DIR = tmp_path / "var"
    settings.VAR_DIR.mkdir()
    settings.SHUGANG_MASTER_KEY = os.environ["SHUGANG_MASTER_KEY"]  # pytest-django reads settings before this file
    settings.SHUGANG_VIEW_SECONDS = float("inf")  # a page read in a test writes nothing
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    platform.private_key.cache_clear()
    platform.signing_key.cache_clear()
    return settings.VAR_DIR
