"""A filter of system calls for a process that only decodes: it may read what it was handed, compute and answer.

It can open nothing, start nothing and connect to nothing. Where the kernel or the processor is another one, there is
no filter, and `apply` says so.
"""

import ctypes
import os
import platform
import struct
import sys

# Numbers on x86-64 and on aarch64; None where the processor has no such call.
ALLOWED: dict[str, tuple[int | None, int | None]] = {
    "read": (0, 63),
    "readv": (19, 65),
    "pread64": (17, 67),
    "preadv": (295, 69),
    "preadv2": (327, 286),
    "lseek": (8, 62),
    "write": (1, 64),  # to the socket: no file is open for writing
    "writev": (20, 66),
    "close": (3, 57),
    "fstat": (5, 80),
    "newfstatat": (262, 79),
    "fadvise64": (221, 223),
    "dup": (32, 23),
    "fcntl": (72, 25),
    "sendto": (44, 206),
    "sendmsg": (46, 211),
    "recvfrom": (45, 207),
    "recvmsg": (47, 212),
    "poll": (7, None),
    "ppoll": (271, 73),
    "mmap": (9, 222),
    "munmap": (11, 215),
    "mremap": (25, 216),
    "mprotect": (10, 226),
    "madvise": (28, 233),
    "brk": (12, 214),
    "futex": (202, 98),
    "membarrier": (324, 283),
    "sched_yield": (24, 124),
    "sched_getaffinity": (204, 123),
    "set_robust_list": (273, 99),
    "rseq": (334, 293),
    "set_tid_address": (218, 96),
    "getpid": (39, 172),
    "gettid": (186, 178),
    "getppid": (110, 173),
    "getuid": (102, 174),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getegid": (108, 177),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sigaltstack": (131, 132),
    "restart_syscall": (219, 128),
    "exit": (60, 93),
    "exit_group": (231, 94),
    "clock_gettime": (228, 113),
    "clock_getres": (229, 114),
    "clock_nanosleep": (230, 115),
    "nanosleep": (35, 101),
    "gettimeofday": (96, 169),
    "time": (201, None),
    "times": (100, 153),
    "getrusage": (98, 165),
    "getrlimit": (97, 163),
    "sysinfo": (99, 179),
    "uname": (63, 160),
    "getrandom": (318, 278),
}
# A decoder that tries one of these has been taken over. Everything else that is not allowed fails with EPERM.
DEADLY: dict[str, tuple[int | None, int | None]] = {
    "fork": (57, None),
    "vfork": (58, None),
    "execve": (59, 221),
    "execveat": (322, 281),
    "socket": (41, 198),
    "connect": (42, 203),
    "bind": (49, 200),
    "ptrace": (101, 117),
    "process_vm_readv": (310, 270),
    "process_vm_writev": (311, 271),
}
CLONE, CLONE3 = (56, 220), (435, 435)
TGKILL, PRLIMIT, PRCTL = (234, 131), (302, 261), (157, 167)

AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
PROCESSORS = tuple(AUDIT_ARCH)
X32 = 0x40000000  # the other numbering on x86-64

LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
NUMBER, ARCHITECTURE, FIRST_ARGUMENT = 0, 4, 16  # offsets in struct seccomp_data, whose integers are little-endian here
ALLOW, KILL, EPERM, ENOSYS = 0x7FFF0000, 0x80000000, 0x00050001, 0x00050026
CLONE_THREAD = 0x00010000
PR_SET_NAME, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS, PR_GET_SECCOMP = 15, 22, 38, 21
SECCOMP_MODE_FILTER = 2


def can_filter() -> bool:
    """Whether this machine's processes can be given a filter."""
    if sys.platform != "linux" or platform.machine() not in PROCESSORS or ctypes.sizeof(ctypes.c_void_p) != 8:
        return False
    return bool(ctypes.CDLL(None).prctl(PR_GET_SECCOMP, 0, 0, 0, 0) >= 0)


def apply() -> bool:
    """Filter the system calls of this process for good. False where that is not possible."""
    if not can_filter():
        return False
    libc = ctypes.CDLL(None)
    program = _program(PROCESSORS.index(platform.machine()))
    code = ctypes.create_string_buffer(program, len(program))

    class Program(ctypes.Structure):
        _fields_ = (("length", ctypes.c_ushort), ("code", ctypes.c_void_p))

    filled = Program(len(program) // 8, ctypes.addressof(code))
    nothing = ctypes.c_ulong(0)
    if libc.prctl(PR_SET_NO_NEW_PRIVS, ctypes.c_ulong(1), nothing, nothing, nothing) != 0:
        return False
    done = libc.prctl(PR_SET_SECCOMP, ctypes.c_ulong(SECCOMP_MODE_FILTER), ctypes.byref(filled), nothing, nothing)
    return bool(done == 0)


def _program(processor: int) -> bytes:
    """Classic BPF: each rule compares the number of the call, and else goes on with the next."""
    lines = [
        _line(LOAD, ARCHITECTURE),
        _line(EQUAL, AUDIT_ARCH[PROCESSORS[processor]], then=1),
        _line(RETURN, KILL),
        _line(LOAD, NUMBER),
        _line(AT_LEAST, X32, otherwise=1),
        _line(RETURN, KILL),
    ]
    for calls, answer in ((ALLOWED, ALLOW), (DEADLY, KILL)):
        for numbers in calls.values():
            if (number := numbers[processor]) is not None:
                lines += [_line(EQUAL, number, otherwise=1), _line(RETURN, answer)]
    lines += [_line(EQUAL, CLONE3[processor], otherwise=1), _line(RETURN, ENOSYS)]  # glibc then uses clone
    lines += _if_first(CLONE[processor], ANY_BIT, CLONE_THREAD, otherwise=KILL)
    lines += _if_first(TGKILL[processor], EQUAL, os.getpid(), otherwise=EPERM)  # abort() signals itself
    lines += _if_first(PRLIMIT[processor], EQUAL, 0, otherwise=EPERM)  # its own limits
    lines += _if_first(PRCTL[processor], EQUAL, PR_SET_NAME, otherwise=EPERM)  # decoders name their threads
    return b"".join((*lines, _line(RETURN, EPERM)))


def _if_first(number: int, test: int, value: int, *, otherwise: int) -> list[bytes]:
    """Allow the call `number` if its first argument passes the test."""
    return [
        _line(EQUAL, number, otherwise=4),
        _line(LOAD, FIRST_ARGUMENT),
        _line(test, value, otherwise=1),
        _line(RETURN, ALLOW),
        _line(RETURN, otherwise),
    ]


def _line(code: int, value: int, *, then: int = 0, otherwise: int = 0) -> bytes:
    return struct.pack("=HBBI", code, then, otherwise, value)
