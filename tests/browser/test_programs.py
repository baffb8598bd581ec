"""What programs do with the running site: its client, its published examples, all that its description allows."""

import json
import os
import re
import subprocess
import sys
import threading
import uuid
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from clients.python.deepfake_client import Client, NotWebhook, Problem, verify
from scans.api import reference, response_serializers

from ..scans.api.receiver import listening
from ..scans.conftest import portrait
from .conftest import Site

HERE = Path(__file__).parent
SCRIPT = settings.BASE_DIR / "clients/python/deepfake_client.py"
MAKE_KEYS = """
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from accounts import keys, roles, rules
from accounts.models import User
from accounts.roles import Role
for name in {names}:
    user = User.objects.create_user(name + "@example.org", "correct horse battery", name="Program")
    roles.give(user, *Role)
    TOTP.activate(user, generate_totp_secret())
    user = User.objects.get(pk=user.pk)
    rules.accept(user)
    for test in (False, True):
        print(keys.issue(user, name="program", scopes=roles.scopes_for(user), test=test)[1])
"""


def make_keys(site: Site, people: int = 1) -> list[str]:
    """A live key and a test key for each of them, who may do everything."""
    names = [f"program-{uuid.uuid4().hex[:6]}" for _number in range(people)]
    return site.shell.run(MAKE_KEYS.format(names=names)).split()


@pytest.fixture(scope="package")
def keys(site: Site) -> list[str]:
    return make_keys(site)


@pytest.fixture
def client(site: Site, keys: list[str]) -> Client:
    return Client(site.address, keys[0])


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    file = tmp_path / "photo.jpg"
    file.write_bytes(portrait() + uuid.uuid4().bytes)  # bytes behind the picture: another file
    return file


def shell(site: Site, key: str, *said: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "DEEPFAKE_SITE": site.address, "DEEPFAKE_KEY": key}
    return subprocess.run(
        [sys.executable, str(SCRIPT), *said], env=environment, capture_output=True, text=True, check=False, timeout=120
    )


# -- The client ----------------------------------------------------------------------------------------


def test_a_shell_hands_files_in_and_is_told(site: Site, keys: list[str], photo: Path, tmp_path: Path) -> None:
    no_photo = tmp_path / "note.txt"
    no_photo.write_text("no photo")
    done = shell(site, keys[0], "scan", str(photo), str(no_photo))
    assert done.returncode == 1
    assert re.fullmatch(rf"(likely_manipulated|inconclusive|little_evidence) +{re.escape(str(photo))}\n", done.stdout)
    assert "unsupported_media" in done.stderr
    found = json.loads(shell(site, keys[0], "scan", "--json", str(photo)).stdout)
    assert json.loads(shell(site, keys[0], "show", found["id"]).stdout)["id"] == found["id"]
    assert "unauthorized" in shell(site, "dfm_live_x", "scan", str(photo)).stderr
    assert "DEEPFAKE_KEY" in shell(site, "", "scan", str(photo)).stderr


def test_a_program_waits_iterates_and_keeps_up(client: Client, photo: Path) -> None:
    made = client.submit(photo, external_id="order 7", metadata={"page": [1, None]}, once=f"order-7-{photo}")
    assert client.submit(photo, external_id="order 7", metadata={"page": [1, None]}, once=f"order-7-{photo}") == made
    done = client.wait(made["id"])
    assert done["status"] == "analysed"
    assert (done["external_id"], done["metadata"]) == ("order 7", {"page": [1, None]})
    assert done["id"] in {one["id"] for one in client.scans(external_id="order 7", limit=1)}
    assert client.feedback(done["id"], "other", "Looks fine.")["label"] == "other"
    told: dict[str, Any] = {}
    for _try in range(100):
        told = {change["scan"]: change for change, _cursor in client.changes()}
        if done["id"] in told:
            break
        threading.Event().wait(0.2)
    assert told[done["id"]]["effective"]["outcome"] == done["effective"]["outcome"]
    client.delete(done["id"])
    with pytest.raises(Problem) as gone:
        client.scan(done["id"])
    assert (gone.value.status, gone.value.code) == (410, "gone")
    with pytest.raises(Problem) as wrong:
        list(client.scans(colour="red"))
    assert wrong.value.errors[0]["pointer"] == "/colour"


def test_a_program_tries_everything_with_a_test_key(site: Site, keys: list[str]) -> None:
    trying = Client(site.address, keys[1])
    for outcome in ("likely_manipulated", "unable_to_evaluate"):
        said = trying.wait(trying.submit(portrait(), name=f"{outcome}.jpg")["id"])
        assert (said["sandbox"], said["effective"]["outcome"]) == (True, outcome)
    assert trying.wait(trying.submit(portrait(), name="failed.jpg")["id"])["failure"]["code"] == "undecodable"


def test_a_webhook_arrives_and_is_verified(client: Client, photo: Path) -> None:
    with listening() as receiver:
        made = client._ask("POST", "webhook-endpoints", body={"url": receiver.url, "kinds": ["scan.completed"]})
        receiver.answers = [500]  # the site tries again
        scan = client.wait(client.submit(photo)["id"])
        for _try in range(300):
            if len(receiver.got) >= 2:
                break
            threading.Event().wait(0.1)
        (headers, body), (again, same) = receiver.got[:2]
        client._ask("DELETE", f"webhook-endpoints/{made['id']}")
    assert verify(made["secret"], headers, body)["data"]["scan_id"] == scan["id"]
    assert (again["webhook-id"], same) == (headers["webhook-id"], body)
    for wrong in (body + b" ", b""):
        with pytest.raises(NotWebhook):
            verify(made["secret"], headers, wrong)
    with pytest.raises(NotWebhook):
        verify(made["secret"], {**headers, "webhook-timestamp": "1"}, body)
    with pytest.raises(NotWebhook):
        verify(made["secret"], {}, body)
    with pytest.raises(NotWebhook):
        verify("whsec_" + "A" * 44, headers, body)


def test_the_client_is_one_short_file_of_the_standard_library() -> None:
    said = SCRIPT.read_text()
    assert len(said.splitlines()) <= 250
    imported = set(re.findall(r"^(?:from|import) (\w+)", said, re.M))
    assert imported <= set(sys.stdlib_module_names)


# -- Many at once --------------------------------------------------------------------------------------


def test_many_programs_at_once_lose_nothing_and_double_nothing(site: Site, keys: list[str]) -> None:
    """Uploads sent twice with one key, among reading, by forty at a time."""
    mark = uuid.uuid4().hex[:8]
    trying = Client(site.address, keys[1], retries=6)

    def one(number: int) -> tuple[str, str]:
        if number % 4 == 3:
            return "read", str(len(list(trying.scans(external_id=f"{mark} {number // 8}"))))
        pair = number // 8 * 2 + number % 2
        name = f"{mark} {pair}"
        return name, trying.submit(portrait(160), name="inconclusive.jpg", external_id=name, once=name)["id"]

    with ThreadPoolExecutor(40) as threads:
        said = list(threads.map(one, range(320)))
    made: dict[str, set[str]] = {}
    for name, pk in said:
        if name != "read":
            made.setdefault(name, set()).add(pk)
    assert all(len(ids) == 1 for ids in made.values()), "one request, one scan"
    listed = Counter(one["external_id"] for one in trying.scans(limit=100) if str(one["external_id"]).startswith(mark))
    assert listed == dict.fromkeys(made, 1), "none lost, none double"


# -- The description -----------------------------------------------------------------------------------


@dataclass
class World:
    """One of everything, so that each example finds what it is about."""

    folder: Path  # with a photo.jpg
    standing: dict[str, str]  # variables of the examples
    special: dict[str, dict[str, str]]  # operation → what it needs instead


@pytest.fixture
def world(site: Site, tmp_path: Path) -> Iterator[World]:
    """Of people of its own: what a test does to it is nobody else's business."""
    *keys, desk_key, _test = make_keys(site, people=2)
    own, trying, desk = Client(site.address, keys[0]), Client(site.address, keys[1]), Client(site.address, desk_key)

    def fresh() -> str:
        return str(own.wait(own.submit(portrait() + uuid.uuid4().bytes, name="photo.jpg")["id"])["id"])

    scans = [fresh() for _number in range(9)]
    said = site.shell.run(QUEUE_AND_DECIDE.format(scans=scans, desk=desk_key.split("_")[2]))
    code = said.split()[-1]
    items = {one["scan"]: str(one["id"]) for one in every(desk, "queue-items")}
    (tmp_path / "photo.jpg").write_bytes(portrait() + uuid.uuid4().bytes)
    token = own._ask("GET", f"scans/{scans[0]}/artifacts")["results"][0]["url"].rpartition("/")[2]
    with listening() as receiver:
        hook = own._ask("POST", "webhook-endpoints", body={"url": receiver.url})
        gone = own._ask("POST", "webhook-endpoints", body={"url": receiver.url})
        sent = own._ask("POST", f"webhook-endpoints/{hook['id']}/ping")
        waits = trying.submit(portrait(), name="waiting.jpg")["id"]
        together = subprocess.run(
            ["curl", "-sS", "-H", f"Authorization: Bearer {keys[0]}", "-F", f"files=@{tmp_path}/photo.jpg",
             f"{site.address}/api/v1/batches"], capture_output=True, check=True,
        )  # fmt: skip
        case, second = (own._ask("POST", "cases", body={"title": "A story", "scans": [scans[0]]}) for _number in "ab")
        link = own._ask("POST", f"cases/{case['id']}/links", body={"days": 1})
        at_the_desk = {"KEY": desk_key}
        yield World(
            tmp_path,
            {
                "SITE": f"{site.address}/api/v1", "KEY": keys[0], "SCAN": scans[0], "CODE": code, "TOKEN": token,
                "BATCH": json.loads(together.stdout)["id"], "ENDPOINT": hook["id"], "DELIVERY": sent["id"],
                "ITEM": items[scans[1]], "HOOK": receiver.url,
                "CASE": case["id"], "LINK": str(link["id"]),
            },
            {
                "cancelScan": {"KEY": keys[1], "SCAN": waits},
                "deleteScan": {"SCAN": scans[8]},
                "appealDecision": {"SCAN": scans[7]},
                "decideScan": {**at_the_desk, "SCAN": scans[2]},
                "listQueues": at_the_desk,
                "listQueueItems": at_the_desk,
                "getQueueItem": at_the_desk,
                "claimQueueItem": {**at_the_desk, "ITEM": items[scans[3]]},
                "releaseQueueItem": {**at_the_desk, "ITEM": items[scans[3]]},
                "skipQueueItem": {**at_the_desk, "ITEM": items[scans[4]]},
                "answerBlind": {**at_the_desk, "ITEM": items[scans[5]]},
                "deleteCase": {"CASE": second["id"]},
                "deleteWebhookEndpoint": {"ENDPOINT": gone["id"]},
            },
        )  # fmt: skip


QUEUE_AND_DECIDE = """
from django.utils import timezone
from accounts.models import ApiKey
from scans.analysis import routing
from scans.evidence import report
from scans.models import Decision, ReviewItem, Label, Reason, ReviewQueue, Scan
from scans.outcome.result import Result
from scans.review import decisions, queue
desk = ApiKey.objects.get(prefix="{desk}").user
review = ReviewQueue.objects.order_by("id").first()
for number, pk in enumerate({scans}):
    scan = Scan.objects.get(pk=pk)
    item = ReviewItem.objects.open().filter(scan=scan).first() or routing.put(scan, review, Reason.HAND)
    ReviewItem.objects.filter(pk=item.pk).update(blind=number == 5)
    item.refresh_from_db()
    if number == 4:
        queue.claim(item, desk)
    elif number == 7:
        decisions.decide(item, desk, Label.INCONCLUSIVE)
        Decision.objects.filter(scan=scan).update(settles_at=timezone.now())
scan = Scan.objects.get(pk={scans}[0])
print(report.issue(Result(scan, scan.assessment), scan.owner, lambda code: code).code)
"""


def every(client: Client, path: str) -> Iterator[dict[str, Any]]:
    page = client._ask("GET", path, query={"limit": 100})
    while page["next"]:
        yield from page["results"]
        page = client._ask("GET", page["next"])
    yield from page["results"]


def test_every_published_example_works(world: World) -> None:
    """As they stand in the reference, in a shell; only ids, the key and the address of the webhook are filled in."""
    order = ["GET", "POST", "PUT", "PATCH", "DELETE"]
    examples = sorted(reference.operations(), key=lambda one: order.index(one.method))
    assert len(examples) > 40
    for one in examples:
        sample = one.sample.replace("https://hooks.example.org/deepfakes", world.standing["HOOK"])
        sample = sample.replace(response_serializers.EXAMPLE_SCAN, world.standing["SCAN"])
        done = subprocess.run(
            ["bash", "-ec", f"curl() {{ command curl -sS --fail-with-body \"$@\"; }}\n{sample}"],
            env={**os.environ, **world.standing, **world.special.get(one.name, {})}, cwd=world.folder,
            capture_output=True, text=True, errors="replace", check=False, timeout=60,
        )  # fmt: skip
        assert done.returncode == 0, (one.name, sample, done.stdout[-800:], done.stderr)


def test_all_that_the_description_allows_is_answered_as_it_says(site: Site, world: World) -> None:
    """Examples, edges, random requests, and requests that follow from each other's answers; all checks, no failure."""
    bearer = f"Authorization: Bearer {world.standing['KEY']}"
    done = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")),
            "--config-file", str(HERE / "schemathesis.toml"), "run",
            f"{site.address}/api/v1/openapi.json", "--header", bearer, "--checks", "all",
            "--max-examples", "10", "--workers", "1", "--no-color", "--generation-deterministic",
            "--request-timeout", "60",  # a batch of hundreds of files takes its time on a busy machine
        ],
        cwd=HERE, capture_output=True, text=True, check=False, timeout=500,
    )  # fmt: skip
    said = done.stdout + done.stderr
    wrong = re.search(r"= (?:ERRORS|FAILURES) =.*", said, re.S)
    assert done.returncode == 0, f"{wrong[0][:6000] if wrong else ''}\n…\n{said[-2000:]}"
    assert re.search(r"Tested: +\d{2}", said)
