"""`python -m shugang.delivery.plane [--config FILE]`, `… enrol CONTROL_URL CODE DATA_DIR`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from shugang.delivery.plane.config import ConfigError, load


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m shugang.delivery.plane")
    parser.add_argument("--config", type=Path)
    commands = parser.add_subparsers(dest="command")
    enrolling = commands.add_parser("enrol", help="register this site's plane with a one-time code")
    enrolling.add_argument("control_url")
    enrolling.add_argument("code")
    enrolling.add_argument("data_dir", type=Path)
    enrolling.add_argument("--name", default="")
    given = parser.parse_args(argv)
    if given.command == "enrol":
        from shugang.delivery.plane.edge import EnrolFailed, enrol

        try:
            path = enrol(given.control_url, given.code, given.data_dir, given.name)
        except EnrolFailed as error:
            print(error, file=sys.stderr)
            return 1
        print(f"settings: {path}")
        return 0
    from shugang.delivery.plane.journal import JournalInUse
    from shugang.delivery.plane.schema import OtherSchema
    from shugang.delivery.plane.server import run

    try:
        return run(load(given.config))
    except (ConfigError, JournalInUse, OtherSchema) as error:
        print(f"the plane cannot start: {error}", file=sys.stderr)
        return 78


if __name__ == "__main__":
    sys.exit(main())
