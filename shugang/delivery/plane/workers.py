"""Several worker processes behind one port (the kernel spreads connections over them, SO_REUSEPORT).

The launcher serves nothing itself: it starts its workers, replaces those that end, and stops them in the end. Killing
it kills its workers: none may serve unattended.
"""

from __future__ import annotations

import ctypes
import gc
import logging
import multiprocessing
import os
import signal
import sys
import time
from dataclasses import dataclass, replace
from multiprocessing.context import ForkProcess

import psycopg

from shugang.delivery.plane import server
from shugang.delivery.plane.config import ConfigError, PlaneConfig
from shugang.delivery.plane.fleet.adopt import adopt
from shugang.delivery.plane.locks import JournalInUse, own
from shugang.delivery.plane.schema import OtherSchema

log = logging.getLogger("shugang.plane.workers")
EX_CONFIG = 78
PR_SET_PDEATHSIG = 1
LIVED_SECONDS, LONGEST_PAUSE = 10.0, 5.0
PATIENCE_SECONDS = 12.0
SIGNALS = (signal.SIGTERM, signal.SIGINT)


@dataclass
class Worker:
    """One process and when it may start again: at once after a long life, later and later after short ones.

    It is a fork of the launcher, which has loaded all and runs nothing: no thread of ours, no event loop.
    """

    config: PlaneConfig
    lock: int
    process: ForkProcess | None = None
    started: float = 0.0
    next_start: float = 0.0
    pause: float = 0.1

    def start(self) -> None:
        self.started = time.monotonic()
        context = multiprocessing.get_context("fork")
        self.process = context.Process(target=_work, args=(self.config, self.lock, os.getpid()))
        self.process.start()

    def ended(self) -> int | None:
        return self.process.exitcode if self.process is not None else None

    def rest(self) -> None:
        now = time.monotonic()
        self.pause = 0.1 if now - self.started > LIVED_SECONDS else min(LONGEST_PAUSE, self.pause * 2)
        self.process, self.next_start = None, now + self.pause


def _work(config: PlaneConfig, lock: int, launcher: int) -> None:
    """Serve in the new process, which dies with the launcher and holds nothing of it."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != launcher:
        return
    os.setsid()
    os.close(lock)
    for number in SIGNALS:
        signal.signal(number, signal.SIG_DFL)
    try:
        sys.exit(server.run(config))
    except (ConfigError, JournalInUse, OtherSchema) as error:
        print(f"the plane cannot start: {error}", file=sys.stderr)
        sys.exit(EX_CONFIG)


def run(config: PlaneConfig) -> int:
    """Blocking; the exit status: 78 where a worker says that the settings cannot work, otherwise 0."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    # What is loaded is every worker's; each would walk through all of it, and copy the pages.
    gc.collect()
    gc.freeze()
    config.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = own(config.journal_path.with_suffix(".lock"))
    workers = [Worker(replace(config, worker=number), lock) for number in range(1, config.workers + 1)]
    stopping: list[int] = []
    for number in SIGNALS:
        signal.signal(number, lambda n, _frame: stopping.append(n))
    try:
        _adopted(config, stopping)
        return _attend(workers, stopping)
    finally:
        _stop(workers)
        os.close(lock)


def _adopted(config: PlaneConfig, stopping: list[int]) -> None:
    """What this plane recorded while it was one process goes into the shared journal first."""
    while not stopping:
        try:
            adopt(config)
            return
        except psycopg.Error as error:
            log.warning("the journal's database cannot be used: %s", error)
            time.sleep(1.0)


def _attend(workers: list[Worker], stopping: list[int]) -> int:
    while not stopping:
        for worker in workers:
            status = worker.ended()
            if status == EX_CONFIG:
                return EX_CONFIG
            if status is not None:
                log.warning("worker %d ended (%d)", worker.config.worker, status)
                worker.rest()
            if worker.process is None and time.monotonic() >= worker.next_start:
                worker.start()
        time.sleep(0.05)
    return 0


def _stop(workers: list[Worker]) -> None:
    running = [worker.process for worker in workers if worker.process is not None and worker.ended() is None]
    for process in running:
        process.terminate()
    deadline = time.monotonic() + PATIENCE_SECONDS
    for process in running:
        process.join(max(0.1, deadline - time.monotonic()))
        if process.exitcode is None:
            process.kill()
            process.join(5)
