"""`make run`: the whole site on one machine, in the foreground, with nothing left behind.

It starts a Redis (unless REDIS_URL names one), the web server, the analysis worker, the post worker and beat, watches
over them, and stops them in order. Each runs in a process group of its own and writes to var/log/.

Exit status: 0 stopped as asked, 1 couldn't start (and says why), 3 is running already.
"""

import contextlib
import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import redis
from django.conf import settings
from django.core.cache import cache
from django.core.management import BaseCommand, call_command
from django.db import connections
from django.http.request import validate_host
from django_redis import get_redis_connection

from accounts import demo
from accounts.models import User
from deepfake_site import env, processes, redis_server
from deepfake_site.celery import SIGN_OF_LIFE
from deepfake_site.children import Child, Leash, last_lines, say
from deepfake_site.startup_checks import Refusal, readiness, ready_database, refuse_taken_port, take_lock

READY_WITHIN = 90  # seconds
GAPS_WITHIN = 15  # seconds in which a part that is only slow to start may still come
PATIENCE = 20  # seconds for all to finish what they are doing, once asked to stop
GAPS = {
    "bundles": "no model is installed, so uploads can't be analysed yet",
    "post_worker": "emails are delayed",
    "webhooks_worker": "webhooks are delayed",
}


class Stopped(Exception):
    """The person wants the site to stop while it is still starting."""


class Command(BaseCommand):
    help = "Start the whole site on this machine; Ctrl-C stops it."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        self.children: list[Child] = []
        self.newcomers: list[tuple[str, str]] = []
        self.asked_to_stop = self.in_a_hurry = False
        self.asked_at = 0.0
        self.may_break_off = False
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number != signal.SIGHUP or signal.getsignal(number) != signal.SIG_IGN:  # nohup has its way
                signal.signal(number, self.on_signal)
        try:
            self.lock = take_lock()
            self.leash = Leash(self.lock.fileno())
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

    def on_signal(self, number: int, frame: Any) -> None:
        # Whoever signals the whole group of `make run` reaches us twice at once: that is one wish.
        self.in_a_hurry = self.asked_to_stop and time.monotonic() - self.asked_at > 1
        self.asked_at = self.asked_at or time.monotonic()
        self.asked_to_stop = True
        if self.may_break_off:
            self.may_break_off = False
            raise Stopped

    @contextlib.contextmanager
    def breakable(self) -> Iterator[None]:
        """Something long, in which a signal need not wait; elsewhere it could make us forget a child just started."""
        if self.asked_to_stop:
            raise Stopped
        self.may_break_off = True
        try:
            yield
        finally:
            self.may_break_off = False

    # -- Starting ----------------------------------------------------------------------------------

    def start(self) -> None:
        bind, port = env.text("BIND", "127.0.0.1"), env.whole("PORT", 8000)
        # A name and not a number: passkeys need one.
        names = ["localhost", *(name.lstrip(".") for name in settings.ALLOWED_HOSTS)]
        name = next(name for name in names if validate_host(name, settings.ALLOWED_HOSTS))
        address = f"http://{name}:{port}"
        self.lock.write(f"{os.getpid()} {address}")
        self.lock.flush()
        refuse_taken_port(bind, port)
        for folder in ("log", "metrics", "redis"):
            (settings.VAR_DIR / folder).mkdir(mode=0o700, exist_ok=True)
        for left_over in (settings.VAR_DIR / "metrics").glob("*.db"):
            left_over.unlink()
        where = f" Logs are in {settings.VAR_DIR}/log/" if env.flag("LOG_FILES", default=True) else ""
        say(f"Starting the site.{where}")
        self.ready_redis()
        with self.breakable():
            ready_database()
        if env.flag("DEMO") and not settings.DATABASE_URL and not User.objects.exists():
            self.newcomers = demo.make_people()
        connections.close_all()
        for worker in processes.workers():
            self.add(worker)
        if not settings.DEBUG:  # with DEBUG they are served from where they are written
            with self.breakable():
                call_command("collectstatic", verbosity=0, interactive=False, skip_checks=True)
        self.add(processes.web(bind, port))
        self.wait_until_ready(bind, port, name)
        say("", f"The site is at {address}", "")
        self.introduce_newcomers()
        say("Ctrl-C stops everything.")

    def add(self, child: Child) -> None:
        if self.asked_to_stop:
            raise Stopped
        self.children.append(child)
        child.start()
        self.leash.hold(self.children)

    def ready_redis(self) -> None:
        if env.text("REDIS_URL"):
            try:
                get_redis_connection("default").ping()
            except (redis.RedisError, ValueError) as error:
                place = urlsplit(settings.REDIS_URL)
                raise Refusal(
                    f"REDIS_URL names a Redis at {place.hostname or place.path} that can't be used: {error}\n"
                    "Correct it, or leave it out: then a private Redis is started."
                ) from error
        else:
            self.start_redis()
        # Signs of life that the last run left behind must not pass for workers that are yet to come.
        cache.delete_many([SIGN_OF_LIFE.format(kind) for kind in settings.QUEUES])

    def start_redis(self) -> None:
        folder: Path = settings.REDIS_SOCKET.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.stat().st_uid != os.getuid():
            raise Refusal(f"{folder} belongs to another user. Set VAR_DIR to your own folder with a shorter path.")
        folder.chmod(0o700)
        client = redis.Redis(unix_socket_path=str(settings.REDIS_SOCKET), socket_timeout=1)
        if redis_server.answers(client):
            pid = client.info("server")["process_id"]
            raise Refusal(f"An old Redis process (pid {pid}) still uses {folder}. Stop it first: kill {pid}")
        try:
            binary = redis_server.find()
        except FileNotFoundError as error:
            raise Refusal(str(error)) from error
        if redis_server.is_embedded(binary):
            say(redis_server.WARNING)
        command = redis_server.command(binary, settings.REDIS_SOCKET, settings.VAR_DIR / "redis")
        server = processes.child("redis", command, dict(os.environ))
        self.add(server)
        deadline = time.monotonic() + 30
        while not redis_server.answers(client):
            if self.asked_to_stop:
                raise Stopped
            if not server.running() or time.monotonic() > deadline:
                raise Refusal("\n".join(["Redis doesn't start.", *last_lines(server.log)]))
            time.sleep(0.05)

    def wait_until_ready(self, bind: str, port: int, name: str) -> None:
        began, first_degraded = time.monotonic(), None
        while True:
            if self.asked_to_stop:
                raise Stopped
            self.look_after_all()
            state, gaps = readiness(bind, port, name)
            waited = time.monotonic() - began
            if state == "ok":
                return
            if state == "degraded":
                first_degraded = first_degraded or waited
                if gaps == ["bundles"] or waited - first_degraded > GAPS_WITHIN:
                    say(*(f"Degraded: {gap} ({GAPS.get(gap, 'see /readyz')})." for gap in gaps))
                    return
            if waited > READY_WITHIN:
                guilty = next((child for child in self.children for gap in gaps if gap.startswith(child.name)), None)
                log = (guilty or self.children[-1]).log
                what = f"not working: {', '.join(gaps)}" if gaps else "the web server doesn't answer"
                raise Refusal(
                    "\n".join([f"The site isn't ready after {READY_WITHIN} s; {what}.", *last_lines(log, 20)])
                )
            time.sleep(0.3)

    def introduce_newcomers(self) -> None:
        """The only time that these passwords are shown; also when the start goes wrong later on."""
        if self.newcomers:
            wide = max(len(email) for email, _password in self.newcomers)
            say("Sign in with one of these accounts. The passwords are shown only once:", "")
            say(*(f"    {email:<{wide}}   {password}" for email, password in self.newcomers), "")
            self.newcomers = []

    # -- Watching ----------------------------------------------------------------------------------

    def look_after_all(self) -> None:
        changed = [child.look_after() for child in self.children]
        if any(changed) or self.leash.torn():
            self.leash.hold(self.children)

    # -- Stopping ----------------------------------------------------------------------------------

    def stop(self) -> None:
        """In the order in which they need each other; a second signal hurries."""
        self.introduce_newcomers()
        if self.children:
            say("Stopping …")
        deadline = time.monotonic() + PATIENCE
        for names in ({"web"}, {"beat"}, {"analysis", "post", "webhooks"}, {"redis"}):
            going = [child for child in self.children if child.name in names]
            for child in going:
                child.ask_to_stop()
            until = max(deadline, time.monotonic() + 3)
            while any(child.running() for child in going) and time.monotonic() < until and not self.in_a_hurry:
                time.sleep(0.05)
            for child in going:
                child.end()
        self.leash.let_go()
        self.lock.truncate(0)
        if self.children:
            say("Stopped.")
