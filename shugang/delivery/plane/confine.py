"""Shuts a child process in before it touches what others wrote: for conversions and whatever else reads their bytes.

What holds, from the kernel's own guarantees (man 2 setrlimit, prctl, seccomp, landlock):
- memory, CPU seconds, size of a file, no core dump; the child dies with its parent;
- no new privileges, and no root: a root parent's child becomes `nobody`;
- no socket of any kind, no new program, no new process (seccomp, x86-64 and arm64);
- no file but those of its own folder and of the installed programs (Landlock, Linux 5.13 or later), no signal to others
  (Linux 6.12).

The last two are what the kernel offers; `confine` returns what it got, so that a doctor or a test can tell.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import stat
import struct
import sys
from collections.abc import Mapping
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
    # The last two: DuckDB asks for its control group's memory and aborts when it may not.
    programs = {sys.prefix, sys.base_prefix, "/usr", "/lib", "/lib64", str(Path(__file__).parents[2])}
    places = [str(folder), *sorted(programs), "/sys/fs/cgroup", "/proc/self/cgroup"]
    handles = [os.open(place, os.O_PATH | os.O_CLOEXEC) for place in places if os.path.exists(place)]
    try:
        return shut({handle: _ALL if place == 0 else _READ_EXECUTE for place, handle in enumerate(handles)})
    finally:
        for handle in handles:
            os.close(handle)


def shut(files: Mapping[int, int]) -> Held:
    """The kernel's walls alone: of all files only `files` (descriptor of a file or folder → rights of Landlock)."""
    if len(os.listdir("/proc/self/task")) > 1:
        raise RuntimeError("a thread is already running")
    if _LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "no_new_privs")
    landlock = _landlock(files)
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
READ = 1 << 2
_READ_EXECUTE, _ALL = READ | 1 << 0 | 1 << 3, (1 << 16) - 1
_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}
_OF_FILES = 1 << 0 | 1 << 1 | READ | 1 << 14 | 1 << 15  # what can be allowed for a file that is no folder
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446


def _landlock(files: Mapping[int, int]) -> int:
    version = int(_LIBC.syscall(_CREATE_RULESET, None, ctypes.c_size_t(0), 1))
    if version < 1:
        return 0
    rights = _RIGHTS[min(version, 5)]
    # Files; TCP bind and connect; abstract sockets and signals of others.
    attributes = struct.pack("=QQQ", rights, 3, 3)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = int(_LIBC.syscall(_CREATE_RULESET, attributes, ctypes.c_size_t(size), 0))
    if ruleset < 0:
        return 0
    try:
        for handle, allowed in files.items():
            allowed &= rights if stat.S_ISDIR(os.fstat(handle).st_mode) else rights & _OF_FILES
            if _LIBC.syscall(_ADD_RULE, ruleset, 1, struct.pack("=Qi", allowed, handle), 0) != 0:
                raise OSError(ctypes.get_errno(), "landlock")
        return version if _LIBC.syscall(_RESTRICT_SELF, ruleset, 0) == 0 else 0
    finally:
        os.close(ruleset)


# seccomp: (audit architecture, clone, numbers of socket, socketpair, connect, fork, vfork, execve, execveat, kill,
# ptrace, process_vm_readv/writev, pidfd_open, pidfd_getfd, bpf, io_uring_setup, unshare, setns, mount, keyctl,
# perf_event_open, userfaultfd, open_by_handle_at, memfd_create, shmget).
_DENIED = {
    "x86_64": (
        0xC000003E,
        56,
        (
            41,
            53,
            42,
            57,
            58,
            59,
            322,
            62,
            101,
            310,
            311,
            434,
            438,
            321,
            425,
            272,
            308,
            165,
            250,
            298,
            323,
            304,
            319,
            29,
        ),
    ),
    "aarch64": (
        0xC00000B7,
        220,
        (198, 199, 203, 221, 281, 129, 117, 270, 271, 434, 438, 280, 425, 97, 268, 40, 219, 241, 282, 265, 279, 194),
    ),
}
_CLONE3, _CLONE_THREAD = 435, 0x10000
_LD, _JEQ, _JGE, _JSET, _RET = 0x20, 0x15, 0x35, 0x45, 0x06
_ALLOW, _EPERM, _ENOSYS, _KILL = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000


def _program() -> bytes | None:
    known = _DENIED.get(platform.machine())
    if known is None:
        return None
    architecture, clone, numbers = known
    step = [(_LD, 0, 0, 4), (_JEQ, 1, 0, architecture), (_RET, 0, 0, _KILL), (_LD, 0, 0, 0)]
    # The C library falls back from clone3 to clone, whose flags can be read: threads yes, processes no.
    step += [(_JEQ, 0, 1, _CLONE3), (_RET, 0, 0, _ENOSYS), (_JEQ, 0, 4, clone), (_LD, 0, 0, 16)]
    step += [(_JSET, 0, 1, _CLONE_THREAD), (_RET, 0, 0, _ALLOW), (_RET, 0, 0, _EPERM)]
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
