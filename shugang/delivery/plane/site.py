"""What stands beside an enrolled plane at a supplier's site: a systemd unit, and the next steps in words."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path

UNIT = "shugang-plane.service"


def write_unit(settings: Path) -> Path:
    """A unit that runs the plane as the present user with no more rights than it needs (systemd.exec(5))."""
    folder = settings.parent.absolute()
    path = folder / UNIT
    path.write_text(
        f"""[Unit]
Description=Shugang data plane
After=network-online.target
Wants=network-online.target

[Service]
User={getpass.getuser()}
ExecStart={sys.executable} -m shugang.delivery.plane --config {folder / settings.name}
Restart=on-failure
RestartSec=2
TimeoutStopSec=20
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
ReadWritePaths={folder}

[Install]
WantedBy=multi-user.target
"""
    )
    return path


def next_steps(settings: Path, unit: Path) -> str:
    folder = settings.parent.absolute()
    return f"""已接入。接下来 / Enrolled. Next:
1. 在 {folder / settings.name} 中写数据来源 / name your sources in it ([connectors.NAME], allow)
2. 检查 / check:   shugang plane check --dir {folder}
3. 启动 / start:   shugang plane run --dir {folder}
   或作为服务 / or as a service:
   sudo cp {unit} /etc/systemd/system/ && sudo systemctl enable --now {UNIT.removesuffix(".service")}
4. 备份整个文件夹 / back up the whole folder: {folder}"""
