"""Jobs of a decoder that was taken over or is broken. They run in a decoding process, beside the real ones."""

import ctypes
import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

from detection.sandbox import jobs
from detection.sandbox.wire import LENGTH, Message
from detection.sandbox.work import Job, Work

CRASHES = b"this file crashes the decoder"


def loop(work: Work) -> Message:
    while True:
        pass


def hang(work: Work) -> Message:
    time.sleep(600)
    return {}


def abort(work: Work) -> Message:
    os.abort()


def read_null(work: Work) -> Message:
    ctypes.string_at(0)
    return {}


def allocate(work: Work) -> Message:
    return {"bytes": len(bytearray(4 << 30))}


def leak(work: Work) -> Message:
    held = []
    while True:
        held.append(bytearray(64 << 20))


def open_socket(work: Work) -> Message:
    socket.socket()
    return {}


def open_for_writing(work: Work) -> Message:
    Path("/tmp/written-by-a-decoder").write_text("x")
    return {}


def open_for_reading(work: Work) -> Message:
    return {"read": Path("/etc/passwd").read_text()}


def run_program(work: Work) -> Message:
    subprocess.run(["/bin/true"], check=True)
    return {}


def fork(work: Work) -> Message:
    os.fork()
    return {}


def replace_program(work: Work) -> Message:
    os.execv("/bin/true", ["true"])


def signal_parent(work: Work) -> Message:
    os.kill(os.getppid(), signal.SIGTERM)
    return {}


def exit_quietly(work: Work) -> Message:
    os._exit(0)


def overflow_message(work: Work) -> Message:
    work._site.sendall(LENGTH.pack(1 << 31))
    return {}


def speak_nonsense(work: Work) -> Message:
    work._site.sendall(LENGTH.pack(3) + b"???")
    return {}


def point_outside(work: Work) -> Message:
    return {"offset": 1 << 40, "height": 1, "width": 1}


def shrink_memory(work: Work) -> Message:
    work._memory.resize(4096)
    return {}


def start_thread(work: Work) -> Message:
    done: list[int] = []
    thread = threading.Thread(target=done.append, args=(1,))
    thread.start()
    thread.join()
    return {"done": done}


def look_around(work: Work) -> Message:
    return {"pid": os.getpid(), "parent": os.getppid(), "environment": sorted(os.environ)}


def open_or_crash(work: Work, limits: Message) -> Message:
    if CRASHES in os.pread(work.file, 1 << 20, 0):
        os.abort()
    return jobs.open_file(work, limits)


HOSTILE: dict[str, Job] = {
    job.__name__: job
    for job in (
        loop, hang, abort, read_null, allocate, leak, open_socket, open_for_writing, open_for_reading, run_program,
        fork, replace_program, signal_parent, exit_quietly, overflow_message, speak_nonsense, shrink_memory,
    )
}  # fmt: skip
HARMLESS: dict[str, Job] = {job.__name__: job for job in (start_thread, look_around, point_outside)}
JOBS: dict[str, Job] = {**jobs.JOBS, "open": open_or_crash, **HOSTILE, **HARMLESS}
