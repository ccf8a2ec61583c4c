"""`shugang bid` on the bidder's own machine: the file comes before anything is sent, and a forged result is found out."""

from __future__ import annotations

import json
import stat

import pytest

from shugang.cli import main
from shugang.market.auction.sealing import commitment
from shugang.market.auction.tests.test_sealing import document

SEAL = ["bid", "seal", "JP-2026-000001", "--bidder", "P-000002", "--amount", "18,000.5"]


def test_sealing_writes_a_file_of_ones_own_that_opens_the_commitment(tmp_path, capsys):
    path = tmp_path / "bid.json"
    assert main([*SEAL, "--out", str(path)]) == 0
    said = json.loads(path.read_text())
    assert said["amount_fen"] == 1_800_050 and stat.S_IMODE(path.stat().st_mode) == 0o600
    assert commitment(said["auction"], said["bidder"], said["amount_fen"], said["salt"]) in capsys.readouterr().out


def test_an_opening_file_is_never_overwritten(tmp_path):
    path = tmp_path / "bid.json"
    main([*SEAL, "--out", str(path)])
    before = path.read_bytes()
    with pytest.raises(FileExistsError):
        main([*SEAL, "--out", str(path)])
    assert path.read_bytes() == before


def test_what_is_no_amount_is_refused(tmp_path):
    with pytest.raises(SystemExit):
        main([*SEAL[:-1], "1.234", "--out", str(tmp_path / "bid.json")])
    assert not (tmp_path / "bid.json").exists()


def test_a_result_is_checked_from_its_document(tmp_path, capsys):
    path = tmp_path / "verification.json"
    path.write_text(json.dumps(document()))
    assert main(["bid", "verify", str(path)]) == 0
    said = document()
    said["result"]["price_fen"] = 1
    path.write_text(json.dumps(said))
    assert main(["bid", "verify", str(path)]) == 1 and "✗" in capsys.readouterr().out
