"""What a process that decodes strangers' files may use and do."""

import ctypes
import os
import resource
import signal
import sys
from pathlib import Path

from . import seccomp

DESCRIPTORS = 64
PR_SET_PDEATHSIG = 1


def end_with_parent() -> None:
    """Be killed when the process that forked this one ends."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL), 0, 0, 0)


def lock_down(memory: int) -> bool:
    """Take away what decoding does not need, for good. Returns whether system calls are filtered.

    `memory`: bytes of address space on top of what is in use now.
    """
    end_with_parent()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGXCPU):
        signal.signal(number, signal.SIG_DFL)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_NOFILE, DESCRIPTORS)
    if used := _address_space():
        _limit(resource.RLIMIT_AS, used + memory)
    return seccomp.apply()


def limit_cpu(seconds: float) -> None:
    """From now on; then the kernel ends this process (SIGXCPU)."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    soft = int(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, hard))


def _limit(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(kind, (value, value))


def _address_space() -> int:
    """Bytes in use; 0 where the system doesn't say (macOS, which has no such limit either)."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0
