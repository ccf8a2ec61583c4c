"""Proof: the whole log from its key, one receipt offline, and three kinds of tampering found out."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

from django.conf import settings

from shugang.evidence.audit import audit_log
from shugang.evidence.checkpoint import Checkpoint
from shugang.evidence.note import sign_note
from shugang.evidence.store import TileStore
from shugang.kernel import sequencer
from shugang.kernel.models import Event

from .calls import until
from .stage import Stage

ROOT = Path(__file__).resolve().parent.parent


def whole_log(stage: Stage) -> None:
    with stage.step("shugang verify：只凭公钥核对整本日志", "任何人") as said:
        until(lambda: sequencer.status()["backlog"] == 0, "the sequencer's backlog")
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "shugang.cli", "verify", f"{settings.SHUGANG_PUBLIC_URL}/log", "--key", sequencer.vkey()],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        if done.returncode:
            raise AssertionError(done.stdout + done.stderr)
        said.append(f"{sequencer.status()['size']}条记录一致，检查点签名有效")


def one_receipt(stage: Stage) -> None:
    with stage.step("一张回执，离线核验（单文件，不连平台）", "法院") as said:
        event = Event.objects.filter(kind="certificate.issued").order_by("id").first()
        assert event is not None
        receipt = sequencer.receipt_for(event)
        folder = Path(settings.VAR_DIR) / "court"
        folder.mkdir(exist_ok=True)
        shutil.copy(ROOT / "shugang" / "evidence" / "standalone_verify.py", folder / "verify_receipt.py")
        (folder / "receipt.json").write_text(json.dumps(receipt, ensure_ascii=False), encoding="utf-8")
        done = subprocess.run(  # noqa: S603
            [sys.executable, "-I", "verify_receipt.py", "receipt.json", sequencer.vkey()],
            cwd=folder, capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
        if done.returncode:
            raise AssertionError(done.stdout + done.stderr)
        said.append(f"记录#{event.log_index}有效")


def tampering(stage: Stage) -> None:
    """On copies: a flipped byte, a dropped entry, a forked checkpoint. Each has to be found."""
    with stage.step("篡改副本：改一字节、删一条、分叉检查点", "审计管理员") as said:
        base = Path(settings.VAR_DIR) / "tampered"
        for name, spoil in (("改一字节", _flip), ("删一条", _drop), ("分叉", _fork)):
            shutil.rmtree(base, ignore_errors=True)
            shutil.copytree(sequencer.folder(), base)
            known = [(base / "checkpoint").read_text()]
            spoil(base)
            if audit_log(TileStore(base), sequencer.vkey(), known).ok:
                raise AssertionError(f"{name} was not found")
            said.append(f"{name}：已发现")


def _entries(base: Path) -> Path:
    return sorted(p for p in (base / "tile" / "entries").rglob("*") if p.is_file())[0]


def _flip(base: Path) -> None:
    path = _entries(base)
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(bytes(data))


def _drop(base: Path) -> None:
    path = _entries(base)
    data = path.read_bytes()
    size = int.from_bytes(data[:2], "big")
    path.write_bytes(data[2 + size :])


def _fork(base: Path) -> None:
    """The log's own key signs another history of the same size: only a kept checkpoint shows it."""
    last = sequencer.current_checkpoint()
    assert last is not None
    forged = Checkpoint(settings.SHUGANG_LOG_ORIGIN, last.size, bytes(32))
    (base / "checkpoint").write_text(sign_note(forged.text(), [sequencer.signer()]))
