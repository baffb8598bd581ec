"""The processes that decode.

A template loads the decoders once and touches no file. It forks a process for the pool, and that one
is locked down before it is handed the first file. `python -m detection.sandbox.child CONTROL JOBS MEMORY` starts one:
the descriptor of a socket, a module with `JOBS`, and bytes of address space.
"""

import encodings
import gc
import mmap
import os
import pkgutil
import signal
import socket
import sys
from importlib import import_module
from typing import NoReturn

from ..errors import DetectionError
from . import limits, wire
from .wire import Closed
from .work import Job, Work

# Packages that load parts of themselves when they are first needed.
LAZY = {"av": ("av.__main__", "av.datasets"), "c2pa": (), "pillow_heif": ()}
CODECS = ("utf", "latin", "ascii", "iso8859", "cp125", "cp437", "mac_roman", "raw_", "unicode")


def main(control: socket.socket, jobs: str, memory: int) -> None:
    """The template: fork and end processes as the site asks, until it closes the socket."""
    known: dict[str, Job] = import_module(jobs).JOBS
    _load_all()
    gc.collect()
    gc.freeze()  # so that the children share these pages
    children: set[int] = set()
    wire.send(control, {"ready": True})
    try:
        while True:
            message, descriptors = wire.receive_with_descriptors(control, 2)
            if "end" in message:
                wire.send(control, {"status": _end(message["end"])})
                children.discard(message["end"])
                continue
            pid = os.fork()
            if pid == 0:
                control.close()
                _serve(known, descriptors, message["size"], memory)
            children.add(pid)
            for descriptor in descriptors:
                os.close(descriptor)
            wire.send(control, {"pid": pid})
    except Closed:
        for pid in children:
            _end(pid)


def _end(pid: int) -> int:
    """End a child, which may have ended by itself, and say how (as `os.waitpid` does)."""
    os.kill(pid, signal.SIGKILL)
    return os.waitpid(pid, 0)[1]


def _load_all() -> None:
    """A locked-down process can open nothing, so that all it could need later is loaded before."""
    from PIL import Image

    Image.init()
    for package, left_out in LAZY.items():
        for module in pkgutil.walk_packages(import_module(package).__path__, f"{package}."):
            if module.name not in left_out:
                import_module(module.name)
    for module in pkgutil.iter_modules(encodings.__path__):
        if module.name.startswith(CODECS):
            import_module(f"encodings.{module.name}")


def _serve(jobs: dict[str, Job], descriptors: list[int], size: int, memory: int) -> NoReturn:
    """A child: do the site's jobs, one after the other, until it closes the socket."""
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        for number in (0, 1, 2):
            os.dup2(nothing, number)
        os.close(nothing)
        site, shared = socket.socket(fileno=descriptors[0]), mmap.mmap(descriptors[1], size)
        os.close(descriptors[1])
        work = Work(site, shared)
        wire.send(site, {"filtered": limits.lock_down(memory)})
        while _serve_one(jobs, site, work):
            pass
    finally:
        os._exit(1)


def _serve_one(jobs: dict[str, Job], site: socket.socket, work: Work) -> bool:
    """Do one job. False where this process should end: after an error that no job should raise."""
    message, descriptors = wire.receive_with_descriptors(site, 1)
    if descriptors:
        work.begin(descriptors[0])
    name = message.pop("job")
    if name == "end":
        work.end()
        return True
    limits.limit_cpu(message.pop("cpu"))
    try:
        done = jobs[name](work, **message)
        work.taken()
    except DetectionError as error:
        if isinstance(error.__cause__, PermissionError):  # this filter's fault, or an attempt to get out of it
            wire.send(site, {"failed": f"{error.__cause__!r} in {_where(error.__cause__)}"})
            return False
        work.taken()
        wire.send(site, {"refused": error.code, "sentence": str(error), "detail": error.detail[:1000]})
        return True
    except Closed:
        return False
    except BaseException as error:  # of a decoder or of this code: in both cases a new process is better
        wire.send(site, {"failed": f"{error!r} in {_where(error)}"[:1000]})
        return False
    wire.send(site, {"done": done})
    return True


def _where(error: BaseException) -> str:
    """The innermost line. A traceback can't be printed, because it would read the source."""
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace else ""


if __name__ == "__main__":
    main(socket.socket(fileno=int(sys.argv[1])), sys.argv[2], int(sys.argv[3]))
