"""Processes that decode, kept warm. A process is replaced after some files, after a crash and after a limit."""

import atexit
import fcntl
import logging
import mmap
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from ..limits import Clock, Limits
from . import wire
from .session import GRACE, Child, SandboxedReader
from .wire import Closed, Message

log = logging.getLogger(__name__)

START_SECONDS = 60
HELD = 32 << 20  # bytes of shared memory that a process may keep between two files
ROOT = Path(__file__).resolve().parents[2]
# Nothing else of the environment, in which keys and passwords lie.
KEPT = ("PATH", "LANG", "LC_ALL", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "TZ")
# No threads in the template, which forks. Few arenas, because reserved address space counts as used.
SET = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}


class SandboxLost(RuntimeError):
    """The decoding processes can't be started or went away. It concerns the operator, and says nothing of a file."""


class Sandbox:
    """Decoding processes of this process.

    `size`: how many at the same time. `files`: until one is replaced. `memory`: bytes of address space for decoding.
    `cpu`: seconds of a processor for one step (a film is one step, and has as long as its limits say).
    `pixels`: of the largest picture. `jobs`: a module with `JOBS`.
    """

    def __init__(
        self,
        *,
        size: int = 0,
        files: int = 200,
        memory: int = 2 << 30,
        cpu: float = 60.0,
        pixels: int = Limits().pixels,
        jobs: str = "detection.sandbox.jobs",
    ) -> None:
        self._size, self._files, self._memory = size or os.cpu_count() or 1, files, memory
        self._cpu, self._pixels, self._jobs = cpu, pixels, jobs
        self._shared = 2 * (3 * pixels + mmap.PAGESIZE)
        self._forget()
        _pools.add(self)

    def _forget(self) -> None:
        self._template: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None
        self._idle: list[Child] = []
        self._children: set[Child] = set()
        self._lock = threading.RLock()  # of the template, and of the lists
        self._free = threading.BoundedSemaphore(self._size)

    @contextmanager
    def reading(self, path: Path, limits: Limits, clock: Clock) -> Iterator[SandboxedReader]:
        limits = replace(limits, pixels=min(limits.pixels, self._pixels))
        with self.child() as child:
            yield SandboxedReader(child, path, limits, clock, self._cpu)

    @contextmanager
    def child(self) -> Iterator[Child]:
        """A process for one file."""
        with self._free:
            child = self._take()
            try:
                yield child
            finally:
                self._put_back(child)

    def close(self) -> None:
        """End all processes."""
        with self._lock:
            for child in list(self._children):
                with suppress(SandboxLost):
                    self._end(child)
            self._end_template()

    def forget(self) -> None:
        """In a process that was forked: close its copies of the sockets. The processes are its parent's."""
        if self._control:
            self._control.close()
        for child in self._children:
            child.site.close()
        self._forget()

    # -- Processes -----------------------------------------------------------------------------------------------

    def _take(self) -> Child:
        while True:
            with self._lock:
                if self._template and self._template.poll() is not None:
                    self._end_template()  # its children are ending: one of them could still look alive
                child = self._idle.pop() if self._idle else None
            if child is None:
                return self._start()
            if _is_alive(child):
                return child
            with suppress(SandboxLost):  # then `_start` starts all anew
                self._end(child)

    def _put_back(self, child: Child) -> None:
        child.files += 1
        if child not in self._children:  # it has ended
            return
        if child.usable and child.files < self._files and child.let_go():
            child.give_memory_back(HELD)
            with self._lock:
                self._idle.append(child)
        else:
            with suppress(SandboxLost):
                self._end(child)

    def _start(self) -> Child:
        ours, theirs = socket.socketpair()
        descriptor = _shared_memory(self._shared)
        try:
            memory = mmap.mmap(descriptor, self._shared)
            pid = self._ask_template({"size": self._shared}, theirs.fileno(), descriptor)["pid"]
        except BaseException:
            ours.close()
            raise
        finally:
            theirs.close()
            os.close(descriptor)
        child = Child(pid, ours, memory, self._end)
        with self._lock:
            self._children.add(child)
        try:
            hello = wire.receive(ours, deadline=time.monotonic() + START_SECONDS)
        except (Closed, TimeoutError) as error:
            raise SandboxLost(f"A decoding process did not start: {self._end(child)}; {error!r}") from error
        _note(bool(hello["filtered"]))
        return child

    def _end(self, child: Child) -> str:
        """End a process that may have ended by itself. Returns how it ended."""
        with self._lock:
            child.close()
            if child not in self._children:
                raise SandboxLost("The template of the decoding processes ended, and they with it.")
            self._children.discard(child)
            return _how(self._ask_template({"end": child.pid})["status"])

    # -- The template --------------------------------------------------------------------------------------------

    def _ask_template(self, message: Message, *descriptors: int) -> Message:
        with self._lock:
            for fresh in (False, True):
                try:
                    control = self._control or self._start_template()
                    wire.send(control, message, *descriptors, seconds=START_SECONDS)
                    return wire.receive(control, deadline=time.monotonic() + START_SECONDS)
                except (Closed, TimeoutError) as error:
                    self._end_template()
                    if fresh or "end" in message:
                        raise SandboxLost(f"The template of the decoding processes is gone: {error!r}") from error
                except BaseException:  # a time limit of the task: its answer would be taken for the next one's
                    self._end_template()
                    raise
        raise AssertionError

    def _start_template(self) -> socket.socket:
        self._control, theirs = socket.socketpair()
        environment = {name: os.environ[name] for name in KEPT if name in os.environ} | SET
        with theirs:
            self._template = subprocess.Popen(  # noqa: S603 (our own interpreter, no shell)
                [sys.executable, "-m", "detection.sandbox.child", str(theirs.fileno()), self._jobs, str(self._memory)],
                cwd=ROOT,
                env=environment,
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                start_new_session=True,  # Ctrl-C is for the site
            )
        wire.receive(self._control, deadline=time.monotonic() + START_SECONDS)
        return self._control

    def _end_template(self) -> None:
        """With it all its children end."""
        for child in self._children:
            child.close()
        self._children.clear()
        self._idle.clear()
        if self._control:
            self._control.close()
        if self._template:
            try:
                self._template.wait(GRACE)
            except subprocess.TimeoutExpired:
                self._template.kill()
                self._template.wait()
        self._control = self._template = None


def _is_alive(child: Child) -> bool:
    child.site.setblocking(False)
    try:
        child.site.recv(1, socket.MSG_PEEK)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False  # the end; or a word that nobody asked for


def _shared_memory(size: int) -> int:
    """A descriptor of memory that no process can shrink under another."""
    if not hasattr(os, "memfd_create"):
        with tempfile.TemporaryFile() as file:
            file.truncate(size)
            return os.dup(file.fileno())
    descriptor = os.memfd_create("pixels", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(descriptor, size)
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL)
    return descriptor


def _how(status: int) -> str:
    if os.WIFSIGNALED(status):
        return f"the decoding process was ended by {signal.Signals(os.WTERMSIG(status)).name}"
    return f"the decoding process ended with {os.WEXITSTATUS(status)}"


_noted = False


def _note(filtered: bool) -> None:
    """Say once in the log where the kernel does not help."""
    global _noted
    if not filtered and not _noted:
        log.warning("files are decoded without a filter of system calls: this system has none (seccomp)")
    _noted = True


_pools: "weakref.WeakSet[Sandbox]" = weakref.WeakSet()


def _forget_all() -> None:
    for pool in _pools:
        pool.forget()


def _close_all() -> None:
    for pool in list(_pools):
        pool.close()


os.register_at_fork(after_in_child=_forget_all)
atexit.register(_close_all)
