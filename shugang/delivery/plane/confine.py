"""Shuts a child process in before it touches what others wrote: for conversions and whatever else reads their bytes.

What holds, from the kernel's own guarantees (man 2 setrlimit, prctl, seccomp, landlock):
- memory, CPU seconds, size of a file, no core dump; the child dies with its parent;
- no new privileges, and no root: a root parent's child becomes `nobody`;
- no socket of any kind and no new program (seccomp, x86-64 and arm64);
- no file but those of its own folder and of the installed programs (Landlock, Linux 5.13 or later).

The last two are what the kernel offers; `confine` returns what it got, so that a doctor or a test can tell.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import struct
import sys
from pathlib import Path
from typing import NamedTuple

NOBODY = 65534
_LIBC = ctypes.CDLL(None, use_errno=True)
_PR_SET_PDEATHSIG, _PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS = 1, 22, 38
_SIGKILL = 9


class Limits(NamedTuple):
    """`memory` and `file_size` in bytes, `cpu` in seconds."""

    memory: int
    cpu: int
    file_size: int


class Held(NamedTuple):
    seccomp: bool
    landlock: int  # the version of the kernel's interface; 0: none


def confine(folder: Path, limits: Limits) -> Held:
    """From here on this process can only compute, and read and write below `folder`, best given as `.`: a path may lead
    through places that others cannot enter. Call it before a library has started a thread, which nothing would hold.

    A root parent's child imports what it needs next and then calls `become_nobody`.
    """
    if len(os.listdir("/proc/self/task")) > 1:
        raise RuntimeError("a thread is already running")
    for kind, value in (
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_FSIZE, limits.file_size),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(kind, (value, value))
    resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu, limits.cpu + 5))
    _LIBC.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)
    if _LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no_new_privs")
    landlock = _landlock(folder)
    return Held(_seccomp(), landlock)


def give(folder: Path) -> None:
    """A root parent hands the folder and its files to the user that the child becomes."""
    if os.geteuid() == 0:
        for path in (folder, *folder.iterdir()):
            os.chown(path, NOBODY, NOBODY)


def become_nobody() -> None:
    """Leave root behind, all threads of the process; nothing where the parent was not root."""
    if os.geteuid() == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        _LIBC.prctl(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)  # the change of user cleared it


# Landlock (linux/landlock.h): rights known by version; what a version does not know cannot be handled.
_READ, _EXECUTE, _READ_DIR = 1 << 2, 1 << 0, 1 << 3
_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446


def _landlock(folder: Path) -> int:
    version = int(_LIBC.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), 1))
    if version < 1:
        return 0
    rights = _RIGHTS[min(version, 5)]
    attributes = struct.pack("=QQ", rights, 3 if version >= 4 else 0)  # files; TCP bind and connect
    size = 16 if version >= 4 else 8
    ruleset = int(_LIBC.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(size), 0))
    if ruleset < 0:
        return 0
    _allow(ruleset, folder, rights)
    # The last two: DuckDB asks for its control group's memory and aborts when it may not.
    programs = {sys.prefix, sys.base_prefix, "/usr", "/lib", "/lib64", str(Path(__file__).parents[2])}
    for place in (*sorted(programs), "/sys/fs/cgroup", "/proc/self/cgroup"):
        if os.path.exists(place):
            _allow(ruleset, Path(place), _READ | (_EXECUTE | _READ_DIR if os.path.isdir(place) else 0))
    held = _LIBC.syscall(_RESTRICT_SELF, ruleset, 0) == 0
    os.close(ruleset)
    return version if held else 0


def _allow(ruleset: int, place: Path, rights: int) -> None:
    handle = os.open(place, os.O_PATH | os.O_CLOEXEC)
    try:
        rule = struct.pack("=Qi", rights, handle)
        if _LIBC.syscall(_ADD_RULE, ruleset, 1, rule, 0) != 0:
            raise OSError(ctypes.get_errno(), f"landlock: {place}")
    finally:
        os.close(handle)


# seccomp: (audit architecture, numbers of socket, socketpair, execve, execveat, ptrace, process_vm_readv/writev, bpf,
# io_uring_setup, unshare, setns, mount, keyctl).
_DENIED = {
    "x86_64": (0xC000003E, (41, 53, 59, 322, 101, 310, 311, 321, 425, 272, 308, 165, 250)),
    "aarch64": (0xC00000B7, (198, 199, 221, 281, 117, 270, 271, 280, 425, 97, 268, 40, 219)),
}
_LD, _JEQ, _JGE, _RET = 0x20, 0x15, 0x35, 0x06
_ALLOW, _EPERM, _KILL = 0x7FFF0000, 0x00050001, 0x80000000


def _program() -> bytes | None:
    known = _DENIED.get(platform.machine())
    if known is None:
        return None
    architecture, numbers = known
    step = [(_LD, 0, 0, 4), (_JEQ, 1, 0, architecture), (_RET, 0, 0, _KILL), (_LD, 0, 0, 0)]
    step += [(_JGE, len(numbers) + 1, 0, 0x40000000)]  # another table of numbers (x32): refused whole
    step += [(_JEQ, len(numbers) - i, 0, number) for i, number in enumerate(numbers)]
    step += [(_RET, 0, 0, _ALLOW), (_RET, 0, 0, _EPERM)]
    return b"".join(struct.pack("=HBBI", *each) for each in step)


def _seccomp() -> bool:
    program = _program()
    if program is None:
        return False
    body = ctypes.create_string_buffer(program, len(program))
    header = struct.pack("=HxxxxxxQ", len(program) // 8, ctypes.addressof(body))
    return bool(_LIBC.prctl(_PR_SET_SECCOMP, 2, header, 0, 0) == 0)
