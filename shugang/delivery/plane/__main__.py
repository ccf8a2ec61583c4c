"""`python -m shugang.delivery.plane [--config FILE] [--workers N]`, `… enrol CONTROL_URL CODE DATA_DIR`, `… check SETTINGS`,
`… schema SETTINGS CONNECTOR FILE`."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from shugang.delivery.plane.config import ENV_PREFIX, ConfigError, PlaneConfig, load


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m shugang.delivery.plane")
    parser.add_argument("--config", type=Path)
    parser.add_argument("--workers", type=int, help="processes behind one port; they share a journal in PostgreSQL")
    commands = parser.add_subparsers(dest="command")
    enrolling = commands.add_parser("enrol", help="register this site's plane with a one-time code")
    enrolling.add_argument("control_url")
    enrolling.add_argument("code")
    enrolling.add_argument("data_dir", type=Path)
    enrolling.add_argument("--name", default="")
    checking = commands.add_parser("check", help="try what this plane needs: keys, disk, platform, connectors")
    checking.add_argument("settings", type=Path)
    describing = commands.add_parser(
        "schema", help="write the tables and columns of a source, for a catalogue; no data"
    )
    describing.add_argument("settings", type=Path)
    describing.add_argument("connector")
    describing.add_argument("out", type=Path)
    given = parser.parse_args(argv)
    if given.command == "enrol":
        from shugang.delivery.plane.edge import EnrolFailed, enrol
        from shugang.delivery.plane.site import next_steps, write_unit

        try:
            path = enrol(given.control_url, given.code, given.data_dir, given.name)
        except EnrolFailed as error:
            print(error, file=sys.stderr)
            return 1
        print(next_steps(path, write_unit(path)))
        return 0
    if given.command == "check":
        from shugang.delivery.plane.checking import report

        try:
            return 0 if report(load(given.settings)) else 1
        except ConfigError as error:
            print(f"✗ {error}", file=sys.stderr)
            return 1
    if given.command == "schema":
        return _describe(given.settings, given.connector, given.out)
    from shugang.delivery.plane.locks import JournalInUse
    from shugang.delivery.plane.schema import OtherSchema

    try:
        return _serve(load(given.config, _environment(given.workers)))
    except (ConfigError, JournalInUse, OtherSchema) as error:
        print(f"the plane cannot start: {error}", file=sys.stderr)
        return 78


def _describe(settings: Path, connector: str, out: Path) -> int:
    from shugang.delivery.plane.connectors import SourceFailed
    from shugang.delivery.plane.describing import write

    try:
        print(f"{write(load(settings), connector, out)} tables → {out}")
    except (ConfigError, SourceFailed) as error:
        print(f"✗ {error}", file=sys.stderr)
        return 1
    return 0


def _environment(workers: int | None) -> dict[str, str]:
    return {**os.environ, **({f"{ENV_PREFIX}WORKERS": str(workers)} if workers is not None else {})}


def _serve(config: PlaneConfig) -> int:
    """A plane with a journal of its own is one process; a fleet's are numbered by the launcher."""
    if config.journal_dsn() and not config.worker:
        from shugang.delivery.plane import workers

        return workers.run(config)
    from shugang.delivery.plane import server

    return server.run(config)


if __name__ == "__main__":
    sys.exit(main())
