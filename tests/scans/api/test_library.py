"""Tags and cases by program: set, collected, shared, exported, and nobody else's."""

import io
import json
import uuid
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import keys
from accounts.models import User
from accounts.roles import Role
from scans.models import Case, Event, Scan

from ..web.test_history import make
from .conftest import SCANS, Program
from .test_scans import error

pytestmark = pytest.mark.django_db
V1 = "/api/v1"


def names(program: Program, **query: Any) -> list[str]:
    return sorted(scan["media"]["name"] for scan in program.get(SCANS, **query).json()["results"])


def new_case(program: Program, scans: list[Scan] | None = None, **fields: Any) -> str:
    body = {"title": "A story", "scans": [str(scan.pk) for scan in scans or []], **fields}
    answer = program.post(f"{V1}/cases", body)
    assert answer.status_code == 201, answer.content
    return f"{V1}/cases/{answer.json()['id']}"


def body_of(answer: Any) -> bytes:
    return b"".join(answer.streaming_content)


# -- Tags ----------------------------------------------------------------------------------------------


def test_tags_are_set_listed_and_filtered_by(own: Program, uploader: User) -> None:
    first, second, _third = make(uploader, 3)
    answer = own.put(f"{SCANS}/{first.pk}/tags", {"tags": ["Election", "  very   urgent ", "election"]})
    assert answer.json()["tags"] == ["Election", "very urgent"], "one tag, however it is spelled"
    own.put(f"{SCANS}/{second.pk}/tags", {"tags": ["ELECTION"]})
    listed = own.get(f"{V1}/tags").json()["results"]
    assert [(tag["name"], tag["scans"]) for tag in listed] == [("Election", 2), ("very urgent", 1)]
    assert names(own, tag="election") == sorted([first.name, second.name])
    assert names(own, tag="nothing") == []
    assert own.put(f"{SCANS}/{first.pk}/tags", {"tags": []}).json()["tags"] == []
    assert [tag["name"] for tag in own.get(f"{V1}/tags").json()["results"]] == ["Election"], "unused ones go"


def test_a_tag_needs_a_word(own: Program, uploader: User) -> None:
    (scan,) = make(uploader, 1)
    for tags in ([" "], [""], ["x" * 41], "election", [7], None):
        error(own.put(f"{SCANS}/{scan.pk}/tags", {"tags": tags}), 422, "validation_error")
    assert own.get(f"{SCANS}/{scan.pk}").json()["tags"] == []


def test_tags_are_ones_own_affair(
    own: Program, program: Callable[..., Program], uploader: User, moderator: User
) -> None:
    (scan,) = make(uploader, 1)
    own.put(f"{SCANS}/{scan.pk}/tags", {"tags": ["private"]})
    desk = program(moderator, "scans:read", "scans:write", "review:read")
    assert desk.get(f"{SCANS}/{scan.pk}").json()["tags"] == []
    assert desk.get(SCANS, tag="private").json()["results"] == []
    assert desk.get(f"{V1}/tags").json()["results"] == []
    error(desk.put(f"{SCANS}/{scan.pk}/tags", {"tags": ["mine"]}), 404, "not_found")


# -- Cases ---------------------------------------------------------------------------------------------


def test_a_case_is_created_changed_and_deleted(own: Program, uploader: User) -> None:
    scans = make(uploader, 2)
    where = new_case(own, scans, notes="Two readers")
    case = own.get(where).json()
    assert (case["title"], case["notes"], case["scans"]) == ("A story", "Two readers", 2)
    changed = own.patch(where, {"title": " Another   story "}).json()
    assert (changed["title"], changed["notes"]) == ("Another story", "Two readers")
    error(own.patch(where, {"title": " "}), 422, "validation_error")
    assert own.get(f"{V1}/cases").json()["results"] == [changed]
    assert own.delete(where).status_code == 204
    error(own.get(where), 404, "not_found")
    assert len(own.get(SCANS).json()["results"]) == 2, "the scans are kept"


def test_scans_are_put_in_and_taken_out(own: Program, uploader: User) -> None:
    first, second = make(uploader, 2)
    where = new_case(own)
    ids = [str(first.pk), str(second.pk)]
    assert own.post(f"{where}/scans", {"scans": ids}).json()["scans"] == 2
    assert own.post(f"{where}/scans", {"scans": ids[:1]}).json()["scans"] == 2, "one that is in it already stays once"
    assert {scan["id"] for scan in own.get(f"{where}/scans").json()["results"]} == set(ids)
    assert own.post(f"{where}/scans/remove", {"scans": ids[:1]}).json()["scans"] == 1
    assert [scan["id"] for scan in own.get(f"{where}/scans").json()["results"]] == ids[1:]
    error(own.post(f"{where}/scans", {"scans": ["x"]}), 422, "validation_error")


def test_scans_of_others_are_not_put_in_and_those_beside_them_neither(
    own: Program, uploader: User, stranger: User
) -> None:
    (scan,), (other,) = make(uploader, 1), make(stranger, 1)
    where = new_case(own)
    for body in ([str(scan.pk), str(other.pk)], [str(scan.pk), str(uuid.uuid4())]):
        answer = own.post(f"{where}/scans", {"scans": body})
        error(answer, 404, "not_found")
        assert answer.json()["errors"][0]["pointer"] == "/scans/1"
    error(own.post(f"{V1}/cases", {"title": "x", "scans": [str(other.pk)]}), 404, "not_found")
    assert own.get(where).json()["scans"] == 0
    assert Case.objects.count() == 1


def test_a_case_is_nobody_elses(own: Program, program: Callable[..., Program], uploader: User, stranger: User) -> None:
    where = new_case(own, make(uploader, 1))
    link = own.post(f"{where}/links", {}).json()["id"]
    other = program(stranger)
    for path in ("", "/scans", "/links", "/export"):
        error(other.get(f"{where}{path}"), 404, "not_found")
    error(other.patch(where, {"title": "Mine now"}), 404, "not_found")
    error(other.post(f"{where}/links", {}), 404, "not_found")
    error(other.delete(f"{V1}/case-links/{link}"), 404, "not_found")
    error(other.delete(where), 404, "not_found")
    assert own.get(where).json()["title"] == "A story"


def test_reviewers_read_cases_of_others_and_change_none(
    own: Program, program: Callable[..., Program], uploader: User, person: Callable[..., User]
) -> None:
    scans = make(uploader, 1)
    where = new_case(own, scans)
    mod = person("mod", Role.MODERATOR)
    desk, without = program(mod, "scans:read", "scans:write", "review:read"), program(mod, "scans:read")
    assert desk.get(where).json()["scans"] == 1
    assert [scan["id"] for scan in desk.get(f"{where}/scans").json()["results"]] == [str(scans[0].pk)]
    assert desk.get(f"{V1}/cases").json()["results"] == []
    error(without.get(where), 404, "not_found")
    error(desk.patch(where, {"title": "x"}), 404, "not_found")
    error(desk.get(f"{where}/export"), 404, "not_found")


def test_a_case_is_shared_and_the_link_revoked(own: Program, uploader: User, client: Client) -> None:
    scans = make(uploader, 2)
    where = new_case(own, scans, notes="For the editor")
    link = own.post(f"{where}/links", {"days": 3, "with_notes": True}).json()
    address = link["url"].removeprefix("http://testserver")
    page = client.get(address)
    assert "For the editor" in page.content.decode()
    assert scans[0].name not in page.content.decode()
    assert [row["views"] for row in own.get(f"{where}/links").json()["results"]] == [1]
    assert Event.objects.filter(kind="shared", scan__in=scans).count() == 2
    assert own.delete(f"{V1}/case-links/{link['id']}").status_code == 204
    assert client.get(address).status_code == 410
    assert own.delete(f"{V1}/case-links/{link['id']}").status_code == 204
    assert Event.objects.filter(kind="share_ended", scan__in=scans).count() == 2, "revoked once"
    error(own.post(f"{where}/links", {"days": 31}), 422, "validation_error")


def test_a_request_sent_twice_makes_one_case(own: Program) -> None:
    for _time in range(2):
        answer = own.client.post(
            f"{V1}/cases", {"title": "Once"}, content_type="application/json", headers={"Idempotency-Key": "case-1"}
        )
        assert answer.status_code == 201
    assert len(own.get(f"{V1}/cases").json()["results"]) == 1


@pytest.mark.parametrize("odd", [False, 0, "no id"])
def test_an_id_is_a_string(own: Program, odd: object) -> None:
    """Django REST framework reads numbers and false as ids, too."""
    answer = own.post(f"{new_case(own)}/scans/remove", {"scans": [odd]})
    assert answer.status_code == 422, answer.content
    assert answer.json()["errors"][0]["pointer"] == "/scans/0"


@pytest.mark.parametrize(("days", "status"), [(14.0, 201), (14.5, 422), (True, 422)])
def test_a_whole_number_may_be_written_with_a_point(own: Program, days: object, status: int) -> None:
    """In JSON Schema 14.0 is an integer."""
    assert own.post(f"{new_case(own)}/links", {"days": days}).status_code == status


def test_a_case_is_exported(own: Program, uploader: User) -> None:
    scans = make(uploader, 2)
    where = new_case(own, scans, notes="Two readers")
    table = body_of(own.get(f"{where}/export")).decode()
    assert all(str(scan.pk) in table for scan in scans), "CSV, if nothing else is asked for"
    rows = json.loads(body_of(own.get(f"{where}/export", **{"as": "json"})))
    assert {row["id"] for row in rows} == {str(scan.pk) for scan in scans}
    packed = zipfile.ZipFile(io.BytesIO(body_of(own.get(f"{where}/export", **{"as": "zip"}))))
    assert packed.read("notes.txt").decode() == "A story\n\nTwo readers"
    error(own.get(f"{where}/export", **{"as": "pdf"}), 422, "validation_error")
    assert Event.objects.filter(kind="exported", actor=uploader).count() == 3


def test_test_keys_and_live_keys_have_cases_and_tags_of_their_own(
    own: Program, uploader: User, django_capture_on_commit_callbacks: Callable[..., Any], client: Client
) -> None:
    _key, secret = keys.issue(uploader, name="try", scopes=["scans:read", "scans:write"], test=True)
    trying = Program(secret, django_capture_on_commit_callbacks)
    (real,), (tried,) = make(uploader, 1), make(uploader, 1, sandbox=True)
    where = new_case(trying, [tried])
    assert trying.get(where).json()["sandbox"] is True
    error(own.get(where), 404, "not_found")
    error(trying.post(f"{where}/scans", {"scans": [str(real.pk)]}), 404, "not_found")
    error(trying.get(new_case(own, [real])), 404, "not_found")
    own.put(f"{SCANS}/{real.pk}/tags", {"tags": ["story", "secret"]})
    trying.put(f"{SCANS}/{tried.pk}/tags", {"tags": ["story"]})
    listed = trying.get(f"{V1}/tags").json()["results"]
    assert [(tag["name"], tag["scans"]) for tag in listed] == [("story", 1)]


def test_a_list_of_cases_costs_as_many_queries_however_long_it_is(own: Program, uploader: User) -> None:
    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert own.get(f"{V1}/cases").status_code == 200
        return len(seen)

    new_case(own, make(uploader, 1))
    few = queries()
    for _number in range(5):
        new_case(own, make(uploader, 2))
    assert queries() == few
