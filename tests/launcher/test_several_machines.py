"""Two machines that share PostgreSQL, Redis and an object store, and no folder. Of each kind one process is killed."""

import base64
import hashlib
import http.client
import io
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest
from django.conf import settings
from moto.server import ThreadedMotoServer
from PIL import Image

from detection import benchmark
from tests.browser.conftest import free_port
from tests.conftest import Redis
from tests.detection import files
from tests.on_postgresql import server
from tests.scans.conftest import bundle

from .test_up import until

CSRF = "c" * 32
PREPARE = """
from allauth.account.models import EmailAddress
from django.core.management import call_command
from django.test import Client
from accounts import roles, rules
from accounts.models import User

call_command("migrate", verbosity=0)
user = User.objects.create_user("ann@example.org", None, name="Ann")
EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
roles.give(user, roles.Role.UPLOADER)
rules.accept(user)
browser = Client()
browser.force_login(user)
print(browser.cookies["session"].value)
"""


@dataclass
class Machine:
    """Its own folders, and what is started on it, each as a process group that can be killed like a machine."""

    folder: Path
    shared: dict[str, str]
    port: int = field(default_factory=free_port)
    groups: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        own = {"VAR_DIR": str(self.folder / "var"), "TMPDIR": str(self.folder / "tmp")}
        for place in own.values():
            Path(place).mkdir(parents=True, exist_ok=True)
        return {**self.shared, **own}

    def start(self, name: str, *arguments: str) -> None:
        environment = self.environment
        with (self.folder / f"{name}.log").open("wb") as log:
            self.groups[name] = subprocess.Popen(
                [sys.executable, *arguments], cwd=settings.BASE_DIR, env=environment,
                stdout=log, stderr=subprocess.STDOUT, start_new_session=True,
            )  # fmt: skip

    def start_web(self) -> None:
        bind = ("--bind", f"127.0.0.1:{self.port}", "--worker-class", "gthread", "--threads", "4")
        self.start("web", "-m", "gunicorn", "deepfake_site.wsgi", *bind, "--no-control-socket")

    def start_worker(self) -> None:
        options = ("-Q", "live,batch,rerun,post,webhooks", "-c", "1", "-B", "-n", f"{self.folder.name}@%h")
        self.start("worker", "-m", "celery", "-A", "deepfake_site", "worker", *options, "--without-mingle")

    def send_signal(self, name: str, number: signal.Signals) -> None:
        os.killpg(self.groups[name].pid, number)

    def kill(self, name: str) -> None:
        self.send_signal(name, signal.SIGKILL)
        self.groups[name].wait(30)

    def answers(self) -> bool:
        assert self.groups["web"].poll() is None, (self.folder / "web.log").read_text()
        try:
            with urllib.request.urlopen(f"http://localhost:{self.port}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    def files_in_work(self) -> list[Path]:
        """Copies of media that its worker is analysing."""
        return list((self.folder / "var/media/incoming").glob("scan-*"))


@pytest.fixture
def store() -> Iterator[tuple[str, Any]]:
    running = ThreadedMotoServer("127.0.0.1", port=0)
    running.start()
    host, port = running.get_host_and_port()
    address = f"http://{host}:{port}"
    keys = {"aws_access_key_id": "k", "aws_secret_access_key": "s", "region_name": "us-east-1"}
    client = boto3.client("s3", endpoint_url=address, **keys)
    client.create_bucket(Bucket="media")
    yield address, client
    running.stop()


@pytest.fixture
def database() -> Iterator[str]:
    with server() as running:
        if running is None:
            pytest.skip("PostgreSQL isn't installed")
        yield running.url


@pytest.fixture
def machines(tmp_path: Path, store: tuple[str, Any], database: str) -> Iterator[list[Machine]]:
    redis = Redis(tmp_path)
    redis.start()
    shared = {
        "PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "deepfake_site.settings", "HTTPS": "0",
        "SECRET_KEY": "only-for-tests-" * 4, "ALLOWED_HOSTS": "localhost", "OMP_NUM_THREADS": "1",
        "DATABASE_URL": database, "REDIS_URL": f"unix://{redis.socket}",
        "S3_BUCKET": "media", "S3_ENDPOINT": store[0], "S3_ACCESS_KEY": "k", "S3_SECRET_KEY": "s",
        "BUNDLES_DIR": str(bundle(tmp_path / "bundles")), "MIN_FREE_DISK_MB": "1", "SILENCE_SECONDS": "5",
        "LIMIT_UPLOAD": "1000/1m", "BLIND_PERCENT": "0", "DOUBLE_PERCENT": "0",
    }  # fmt: skip
    both = [Machine(tmp_path / name, shared) for name in ("first", "second")]
    yield both
    for machine in both:
        for name, group in machine.groups.items():
            if group.poll() is None:
                machine.kill(name)
    redis.stop()


@dataclass
class Sender:
    """Somebody's program that uploads by tus, piece by piece, each to the machine that it is given."""

    session: str

    def headers(self, **more: str) -> dict[str, str]:
        cookies = f"session={self.session}; csrf={CSRF}"
        return {"Cookie": cookies, "X-CSRFToken": CSRF, "Tus-Resumable": "1.0.0", **more}

    def ask(self, machine: Machine, method: str, path: str, body: bytes = b"", **headers: str) -> Any:
        connection = http.client.HTTPConnection("localhost", machine.port, timeout=120)
        connection.request(method, path, body or None, self.headers(**headers))
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer

    def begin(self, machine: Machine, name: str, content: bytes) -> str:
        name = base64.b64encode(name.encode()).decode()
        headers = {"Upload-Length": str(len(content)), "Upload-Metadata": f"filename {name}"}
        answer = self.ask(machine, "POST", "/scans/tus/", **headers)
        assert answer.status == 201
        return str(answer.headers["Location"])

    def send(self, machine: Machine, where: str, offset: int, piece: bytes) -> None:
        kind = "application/offset+octet-stream"
        headers = {"Upload-Offset": str(offset), "Content-Type": kind}
        answer = self.ask(machine, "PATCH", where, piece, **headers)
        assert (answer.status, int(answer.headers["Upload-Offset"])) == (204, offset + len(piece))

    def send_half(self, machine: Machine, where: str, offset: int, piece: bytes) -> socket.socket:
        """The rest of the piece never comes."""
        headers = self.headers(**{
            "Host": "localhost", "Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream",
            "Content-Length": str(len(piece)),
        })  # fmt: skip
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        connection = socket.create_connection(("localhost", machine.port))
        connection.sendall(f"PATCH {where} HTTP/1.1\r\n{lines}\r\n".encode() + piece[: len(piece) // 2])
        return connection

    def offset(self, machine: Machine, where: str) -> int:
        return int(self.ask(machine, "HEAD", where).headers["Upload-Offset"])


def contents(folder: Path) -> dict[str, bytes]:
    found = {}
    for number in range(6):
        out = io.BytesIO()
        Image.fromarray(files.ASTRONAUT).resize((300 + number, 300)).save(out, "JPEG", quality=90)
        found[f"photo-{number}.jpg"] = out.getvalue()
    for seconds in (10, 11):
        path = folder / f"film-{seconds}.mp4"
        benchmark.film(path, seconds, (1280, 720))
        found[path.name] = path.read_bytes()
    return found


def rows(database: str) -> dict[str, tuple[Any, ...]]:
    question = """
        SELECT name, status, sha256, media, attempts, id,
               (SELECT count(*) FROM scans_assessment WHERE scan_id = scans_scan.id) FROM scans_scan
    """
    with psycopg.connect(database) as connection:
        return {name: rest for name, *rest in connection.execute(question)}


def interrupt_an_analysis(machine: Machine, database: str) -> None:
    """Kill its worker while it has a file in work."""

    def caught() -> bool:
        if not machine.files_in_work():
            return False
        machine.send_signal("worker", signal.SIGSTOP)
        if machine.files_in_work() and any(status == "analysing" for status, *_rest in rows(database).values()):
            return True
        machine.send_signal("worker", signal.SIGCONT)
        return False

    until(caught, "the worker to be in the middle of an analysis", 300)
    machine.kill("worker")


@pytest.mark.slow
def test_nothing_is_lost_when_a_web_process_and_a_worker_of_another_machine_are_killed(
    machines: list[Machine], store: tuple[str, Any], database: str, tmp_path: Path
) -> None:
    first, second = machines
    prepared = subprocess.run(
        [sys.executable, "manage.py", "shell", "-v0", "-c", PREPARE],
        cwd=settings.BASE_DIR, env=first.environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert prepared.returncode == 0, prepared.stderr
    for machine in machines:
        machine.start_web()
        machine.start_worker()
    sent = contents(tmp_path)
    until(lambda: first.answers() and second.answers(), "both web processes", 300)

    sender = Sender(prepared.stdout.split()[-1])
    begun: dict[str, tuple[str, int]] = {}
    for number, (name, content) in enumerate(sent.items()):
        where, size = sender.begin(first, name, content), -(-len(content) // 4)
        for turn in range(3):  # all but the last of four pieces
            machine = first
            if number < 4:  # then the second machine's web process is killed
                machine = machines[(number + turn) % 2]
            piece = content[turn * size : (turn + 1) * size]
            if (number, turn) == (3, 2):
                connection = sender.send_half(second, where, turn * size, piece)
                second.kill("web")
                connection.close()
                assert sender.offset(first, where) == turn * size
                machine = first
            sender.send(machine, where, turn * size, piece)
        begun[name] = where, 3 * size
    for name, (where, offset) in begun.items():
        sender.send(first, where, offset, sent[name][offset:])
    interrupt_an_analysis(second, database)

    def ended() -> bool:
        return all(status in ("analysed", "failed") for status, *_rest in rows(database).values())

    until(ended, "every scan to end", 300)
    address, bucket = store
    found = rows(database)
    assert set(found) == set(sent)
    for name, (status, sha256, media, _attempts, _id, assessments) in found.items():
        assert (status, assessments) == ("analysed", 1), name
        assert sha256 == hashlib.sha256(sent[name]).hexdigest()
        assert bucket.get_object(Bucket="media", Key=media)["Body"].read() == sent[name]
    assert max(attempts for *_start, attempts, _id, _count in found.values()) > 1
    assert not [item for item in listed(bucket) if item.startswith("pieces/")]
    assert not [path for path in first.folder.glob("var/media/**/*") if path.is_file()]
    # What the killed machine knew, the other one can hand out: file and report come from the store.
    scan = found["photo-0.jpg"][4]
    for path, begins in ((f"/scans/{scan}/media/", b"\xff\xd8\xff"), (f"/scans/{scan}/report.pdf", b"%PDF")):
        answer = sender.ask(first, "GET", path)
        assert answer.status == 302
        assert answer.headers["Location"].startswith(address)
        with urllib.request.urlopen(answer.headers["Location"], timeout=30) as stored:
            assert stored.read().startswith(begins)


def listed(bucket: Any) -> list[str]:
    return [item["Key"] for item in bucket.list_objects_v2(Bucket="media").get("Contents", [])]
