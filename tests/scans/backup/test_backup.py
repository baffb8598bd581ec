"""A backup of a site in use, restored into an empty one by the commands: all is equal, or it says what is not."""

import ast
import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest
from django.db import connection
from moto.server import ThreadedMotoServer

ROOT = Path(__file__).resolve().parents[3]
FILL = """
import sys
from django.core.files.base import ContentFile
from django.utils import timezone
from accounts.models import User
from scans.models import Assessment, Event, Scan
owner = User.objects.filter(email="ann@example.org").first() or User.objects.create_user("ann@example.org", "x" * 20)
for number in range({count}):
    scan = Scan(owner=owner, name=f"{{number}}.jpg", sha256="0" * 64, bytes=20, status="analysed")
    scan.media.save("a.jpg", ContentFile(b"picture %d {count}" % number), save=False)
    scan.save()
    Assessment.objects.create(scan=scan, outcome="inconclusive", score=0.5, version="1")
    Event.objects.create(scan=scan, kind="analysed", content={{"number": number}})
"""

WRITE = """
import sys
from pathlib import Path
from django.core.files.base import ContentFile
from django.db import transaction
from accounts.models import User
from scans.models import Assessment, Event, Scan
from scans.retention import deletion
owner, folder, number, scans = User.objects.get(email="ann@example.org"), Path({folder!r}), 0, []
while not (folder / "stop").exists():
    scan = Scan(owner=owner, name="later.jpg", sha256="1" * 64, bytes=20, status="analysed")
    with transaction.atomic():
        scan.media.save("a.jpg", ContentFile(b"later picture %d" % number), save=False)
        scan.save()
        Assessment.objects.create(scan=scan, outcome="inconclusive", score=0.5, version="1")
        Event.objects.create(scan=scan, kind="analysed")
    scans.append(scan)
    number += 1
    if number % 3 == 0:
        deletion.delete(scans.pop(0), owner)
    if number == 3:
        (folder / "writing").touch()
"""


class Site:
    """An installation of its own: a database, a folder, and the commands."""

    def __init__(self, folder: Path, database: str, **more: str) -> None:
        self.media = folder / "media"
        kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
        kept.pop("DJANGO_SETTINGS_MODULE", None)
        self.environment = {
            **kept, "EMBEDDED": "1", "VAR_DIR": str(folder), "MEDIA_ROOT": str(self.media), "DATABASE_URL": database,
            "SECRET_KEY": "only-for-tests-" * 4, **more,
        }  # fmt: skip

    def run(self, *command: object) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "manage.py", *map(str, command)],
            cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout + done.stderr

    def write_on(self, folder: Path) -> "subprocess.Popen[bytes]":
        """A program that writes and deletes scans until there is a file named stop."""
        command = [sys.executable, "manage.py", "shell", "-v", "0", "-c", WRITE.format(folder=str(folder))]
        return subprocess.Popen(command, cwd=ROOT, env=self.environment)

    def fill(self, count: int) -> None:
        code, output = self.run("shell", "-v", "0", "-c", FILL.format(count=count))
        assert code == 0, output

    def files(self) -> dict[str, bytes]:
        return {
            path.relative_to(self.media).as_posix(): path.read_bytes()
            for path in self.media.rglob("*")
            if path.is_file()
        }


@pytest.fixture
def site(tmp_path: Path, django_db_blocker: object, django_db_setup: None, db: None) -> Iterator[Callable[..., Site]]:
    """Makes empty installations, on the kind of database that the tests run on."""
    made: list[str] = []

    def make(**more: str) -> Site:
        name = f"backup_{uuid.uuid4().hex[:12]}"
        database = ""
        if connection.vendor == "postgresql":
            administer(f'CREATE DATABASE "{name}"')
            made.append(name)
            database = urlsplit(os.environ["TEST_DATABASE_URL"])._replace(path=f"/{name}").geturl()
        (tmp_path / name).mkdir()
        return Site(tmp_path / name, database, **more)

    yield make
    for name in made:
        administer(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def administer(statement: str) -> None:
    import psycopg

    with psycopg.connect(os.environ["TEST_DATABASE_URL"], autocommit=True) as administrator:
        administrator.execute(statement)


def test_a_restored_backup_is_equal_and_the_next_backup_copies_only_what_is_new(
    site: Callable[..., Site], tmp_path: Path
) -> None:
    first, folder = site(), tmp_path / "backup"
    code, output = first.run("migrate", "-v", "0")
    assert code == 0, output
    first.fill(3)
    code, output = first.run("backup", folder)
    assert code == 0, output
    assert "3 scans" in output
    assert "Files: 3 (" in output
    assert "3 of them copied now" in output
    first.fill(2)
    gone = sorted(first.files())[0]
    code, output = first.run("backup", folder)
    assert code == 0, output
    assert "Files: 5 (" in output
    assert "2 of them copied now" in output
    kept = {path.relative_to(folder / "media").as_posix() for path in (folder / "media").rglob("*") if path.is_file()}
    assert gone in kept
    assert kept == set(first.files())
    assert len(list(folder.glob("database-*"))) == 1

    other = site()
    code, output = other.run("restore", folder)
    assert code == 0, output
    assert "5 scans: equal" in output
    assert "every SHA-256 is equal" in output
    assert other.files() == first.files()
    code, output = other.run("verify_audit", "--json")
    report = json.loads(output.splitlines()[-1])
    assert (code, report["whole"], report["rows"], report["missing_guards"]) == (0, True, 5, [])
    # A site that is not empty is left as it is.
    before = other.files()
    code, output = other.run("restore", folder)
    assert code == 1
    assert "This installation is not empty" in output
    assert other.files() == before

    # A byte that changed in the backup is named, and nothing is written.
    empty = site()
    damaged = folder / "media" / gone
    damaged.write_bytes(damaged.read_bytes()[:-1] + b"?")
    code, output = empty.run("restore", folder)
    assert code == 1
    assert gone in output
    assert empty.files() == {}


def test_a_folder_without_a_complete_backup_is_refused(site: Callable[..., Site], tmp_path: Path) -> None:
    code, output = site().run("restore", tmp_path)
    assert code == 1
    assert "holds no complete backup" in output


@pytest.mark.slow
def test_a_backup_that_is_made_while_others_write_and_delete_is_of_one_instant(
    site: Callable[..., Site], tmp_path: Path
) -> None:
    first, folder = site(), tmp_path / "backup"
    code, output = first.run("migrate", "-v", "0")
    assert code == 0, output
    first.fill(20)
    writer = first.write_on(tmp_path)
    try:
        deadline = time.monotonic() + 120
        while not (tmp_path / "writing").exists():
            assert time.monotonic() < deadline
            assert writer.poll() is None
            time.sleep(0.05)
        for _turn in range(2):  # and the next one, which copies only what is new
            code, output = first.run("backup", folder)
            assert code == 0, output
    finally:
        (tmp_path / "stop").touch()
        assert writer.wait(60) == 0
    made = json.loads((folder / "backup.json").read_text())
    _code, count = first.run("shell", "-v", "0", "-c", "from scans.models import Scan; print(Scan.objects.count())")
    assert 20 < made["rows"]["scans_scan"] < int(count.splitlines()[-1]), "they wrote before, and went on"

    other = site()
    code, output = other.run("restore", folder)
    assert code == 0, output
    assert f"{made['rows']['scans_scan']:,} scans: equal" in output
    code, output = other.run("verify_audit", "--json")
    report = json.loads(output.splitlines()[-1])
    assert (code, report["whole"], report["rows"]) == (0, True, made["chain"]["position"])
    # A file that a row names is there, unless it was deleted between the copy of the database and that of the files.
    lacking = (
        "from scans.models import Scan; "
        "print([s.media.name for s in Scan.objects.exclude(media='') if not s.media.storage.exists(s.media.name)])"
    )
    _code, output = other.run("shell", "-v", "0", "-c", lacking)
    assert sorted(ast.literal_eval(output.splitlines()[-1])) == sorted(made["missing"])
    assert not set(made["missing"]) & set(first.files())


def test_files_in_an_object_store_are_backed_up_and_restored_into_another(
    site: Callable[..., Site], tmp_path: Path
) -> None:
    server = ThreadedMotoServer("127.0.0.1", port=0)
    server.start()
    try:
        host, port = server.get_host_and_port()
        address = f"http://{host}:{port}"
        keys = {"aws_access_key_id": "k", "aws_secret_access_key": "s", "region_name": "us-east-1"}
        client = boto3.client("s3", endpoint_url=address, **keys)
        shared = {"S3_ENDPOINT": address, "S3_ACCESS_KEY": "k", "S3_SECRET_KEY": "s"}
        for name in ("first", "second"):
            client.create_bucket(Bucket=name)

        def stored(bucket: str) -> dict[str, bytes]:
            listed = client.list_objects_v2(Bucket=bucket).get("Contents", [])
            return {item["Key"]: client.get_object(Bucket=bucket, Key=item["Key"])["Body"].read() for item in listed}

        first = site(S3_BUCKET="first", **shared)
        code, output = first.run("migrate", "-v", "0")
        assert code == 0, output
        first.fill(3)
        assert len(stored("first")) == 3
        code, output = first.run("backup", tmp_path / "backup")
        assert code == 0, output
        other = site(S3_BUCKET="second", **shared)
        code, output = other.run("restore", tmp_path / "backup")
        assert code == 0, output
        assert "3 scans: equal" in output
        assert stored("second") == stored("first")
        assert first.files() == other.files() == {}
    finally:
        server.stop()
