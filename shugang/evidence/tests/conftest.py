"""One log of 700 entries, and the receipt of one of them."""

import pytest

from shugang.evidence.reader import LogReader
from shugang.evidence.receipt import make_receipt
from shugang.evidence.tests.helpers import (
    RECEIPT_INDEX,
    SIGNER,
    VKEY,
    payload_of,
    published,
    real_entry,
    salt_of,
)


@pytest.fixture(scope="session")
def log_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("log")
    published(folder, [real_entry(i) for i in range(700)])
    return folder


@pytest.fixture(scope="session")
def proven(log_folder):
    return LogReader(lambda path: (log_folder / path).read_bytes(), SIGNER.verifier).proof(RECEIPT_INDEX)


@pytest.fixture(scope="session")
def receipt(proven):
    return make_receipt(*proven, VKEY, payload_of(RECEIPT_INDEX), salt_of(RECEIPT_INDEX))
