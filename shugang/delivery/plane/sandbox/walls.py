"""The walls around one query, on top of `plane.confine`: a network with nothing in it, no writing, few files.

`raise_walls` names those that stand: `network`, `limits`, `user`, `landlock`, `syscalls`; whoever runs the plane sees
which his machine offers. Sources: unshare(2), setrlimit(2), prctl(2), landlock(7), seccomp(2).
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource

from shugang.delivery.plane.confine import READ, become_nobody, shut

_MB = 1024 * 1024
# Beyond what DuckDB counts itself (its own limit is soft): buffers, stacks, the answer on its way out.
_SLACK = 512 * _MB
_PR_SET_DUMPABLE = 4
_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_libc = ctypes.CDLL(None, use_errno=True)


def raise_walls(files: list[int], memory_mb: int, cpu_seconds: int) -> list[str]:
    """Called once, in the process that is about to run the query, while it has one thread: later ones inherit."""
    root = os.geteuid() == 0
    network = _libc.unshare(_CLONE_NEWNET if root else _CLONE_NEWNET | _CLONE_NEWUSER) == 0
    _limits(memory_mb, cpu_seconds)
    become_nobody()
    # Leaving root hides one's own open files, which are opened by their numbers.
    _libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0)
    # DuckDB asks for its control group's memory and aborts when it may not.
    asked = [os.open(path, os.O_PATH | os.O_CLOEXEC) for path in _CGROUP if os.path.exists(path)]
    held = shut({file: READ for file in [*files, *asked]})
    for file in asked:
        os.close(file)
    stand = {"network": network, "limits": True, "user": root, "landlock": held.landlock, "syscalls": held.seccomp}
    return [name for name, up in stand.items() if up]


_CGROUP = ("/sys/fs/cgroup", "/proc/self/cgroup")


def _limits(memory_mb: int, cpu_seconds: int) -> None:
    with open("/proc/self/statm", encoding="ascii") as statm:
        now = int(statm.read().split()[0]) * resource.getpagesize()
    limits = (
        (resource.RLIMIT_AS, now + memory_mb * _MB + _SLACK),
        (resource.RLIMIT_CPU, cpu_seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, 512),
    )
    for name, value in limits:
        hard = resource.getrlimit(name)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(name, (value, value))


def close_others(keep: set[int]) -> None:
    """Close every inherited descriptor but those in `keep`."""
    for name in os.listdir("/proc/self/fd"):
        if int(name) not in keep:
            with contextlib.suppress(OSError):
                os.close(int(name))
