"""The sequencer process: alone numbers entries and signs checkpoints."""

from __future__ import annotations

import os
import signal


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shugang.settings")
    import django

    django.setup()
    from shugang.kernel import sequencer

    stopped: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda n, _frame: stopped.append(n))
    sequencer.run_forever(lambda: bool(stopped))


if __name__ == "__main__":
    main()
