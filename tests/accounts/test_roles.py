"""Who may open what: every view of the site, asked for as every role."""

import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.contrib.auth.models import Permission
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, path
from django.utils import timezone

from accounts import roles
from accounts.models import ApiKey, Erasure, User
from accounts.roles import Role
from scans.models import Batch, Case, Event, Scan

MATRIX = Path(__file__).with_name("matrix.txt")
ONE = uuid.UUID(int=1)  # the key and the erasure that the matrix is asked about
SAMPLES = {"uuid": str(ONE), "key": "a-b", "uidb36": "1", "object_id": "1", "app_label": "accounts"}
urlpatterns = [*get_resolver().url_patterns, path("new/", lambda request: HttpResponse("open"), name="added_later")]


def views(resolver: URLResolver | None = None, route: str = "", space: str = "") -> Iterator[tuple[str, str]]:
    """Each view's full name and an address that leads to it."""
    for entry in (resolver or get_resolver()).url_patterns:
        here = route + str(entry.pattern)
        if isinstance(entry, URLResolver):
            inner = f"{space}{entry.namespace}:" if entry.namespace else space
            yield from views(entry, here, inner)
        elif isinstance(entry, URLPattern):
            yield f"{space}{entry.name or ''}", address(here)


def address(route: str) -> str:
    """A route or a pattern with its holes filled in."""

    def fill(hole: re.Match[str]) -> str:
        kind, name = hole.groups()
        if name == "object_id" and ("apikey" in route or "erasure" in route):
            return str(ONE)
        return SAMPLES.get(kind or name, SAMPLES.get(name, "1"))

    plain = re.sub(r"\(\?P(<\w+>)[^)]*\)", r"\1", route)
    plain = re.sub(r"<(?:(\w+):)?(\w+)>", fill, plain)
    return "/" + re.sub(r"[\^$\\]|\(\?:|\)\??|\.\*", "", plain).removeprefix("/")


ALL = sorted(set(views()))


def answer(client: Client, where: str) -> str:
    response = client.get(where)
    if response.status_code == 302 and response["Location"].startswith("/accounts/login/"):
        return "sign in"
    if response.get("Location") == "/admin/" and "/1/" in where:
        return "no"  # so says the admin of a row that isn't there
    return {403: "no", 404: "no", 401: "sign in", 429: "BROKEN", 500: "BROKEN"}.get(response.status_code, "yes")


def test_every_view_has_a_name_and_a_rule() -> None:
    nameless = [where for name, where in ALL if not name.rpartition(":")[2] and not where.startswith("/admin/")]
    assert nameless == []
    assert [name for name, _where in ALL if roles.rule_for(name) is None] == []


def test_every_rule_is_about_a_view_that_exists() -> None:
    from fnmatch import fnmatchcase

    names = [name for name, _where in ALL] + ["styleguide"]
    assert [p for p in roles.VIEWS if not any(fnmatchcase(name, p) for name in names)] == []


def test_a_view_added_without_a_rule_is_closed_to_everyone(settings, client: Client, admin: User, as_user) -> None:
    settings.ROOT_URLCONF = __name__
    assert client.get("/new/").status_code == 403
    assert as_user(admin).get("/new/").status_code == 403


@pytest.mark.slow
def test_each_role_opens_exactly_the_views_that_the_matrix_says(
    person: Callable[..., User], as_user: Callable[..., Client], settings
) -> None:
    """The whole URLconf and every role, against a table that a person has read. To renew it, read what this prints."""
    settings.LIMITS = {**settings.LIMITS, "read": {"visitor": "10000/1m"}}
    owner = person("owner", Role.UPLOADER)
    ApiKey.objects.create(pk=ONE, user=owner, name="a", prefix="a")
    Erasure.objects.create(pk=ONE, user=owner, due_at=timezone.now())
    Batch.objects.create(pk=ONE, owner=owner)
    Case.objects.create(pk=ONE, owner=owner, title="a")
    Scan.objects.create(pk=ONE, owner=owner, name="a", sha256="0" * 64, bytes=1, status="analysed")
    askers = {"nobody": Client(), **{str(role): as_user(person(str(role), role)) for role in Role}}
    for role in sorted(roles.DESK):  # 1FA: without a second factor
        askers[f"{role[:5]} 1FA"] = as_user(person(f"{role}-1fa", role, second_factor=False))
    event = Event.objects.earliest("pk")  # of a role that was given
    lines = [f"{'':100}" + "".join(f"{name:11}" for name in askers).rstrip()]
    for name, where in ALL:
        if name.endswith("logout"):
            continue  # it would end the session that asks
        # PostgreSQL goes on counting.
        there = where.replace("/user/1/", f"/user/{owner.pk}/").replace("/event/1/", f"/event/{event.pk}/")
        said = "".join(f"{answer(client, there):11}" for client in askers.values()).rstrip()
        lines.append(f"{name + ' ' + where:100}" + said)
    matrix = "\n".join(lines) + "\n"
    assert "BROKEN" not in matrix, matrix
    assert matrix == MATRIX.read_text(), matrix


def test_a_staff_permission_counts_with_a_second_factor_only(person: Callable[..., User], settings) -> None:
    user = person("ann", Role.LEAD, second_factor=False)
    assert not user.has_perm("scans.view_scan")
    assert not user.has_module_perms("scans")
    assert user.get_all_permissions() == set()
    TOTP.activate(user, generate_totp_secret())
    again = User.objects.get(pk=user.pk)
    assert again.has_perm("scans.view_scan")
    assert "scans.lead_review" in again.get_all_permissions()


def test_a_superuser_without_a_second_factor_may_nothing(db: None) -> None:
    user = User.objects.create_superuser("root@example.org", "correct horse battery")
    assert not user.has_perm("scans.view_scan")
    assert roles.scopes_for(user) == ["scans:read", "scans:write", "webhooks"]


def test_an_installation_can_do_without_second_factors(person: Callable[..., User], settings) -> None:
    settings.STAFF_SECOND_FACTOR = False
    assert person("ann", Role.LEAD, second_factor=False).has_perm("scans.view_scan")


def test_where_everybody_needs_a_second_factor_nothing_opens_without_one(
    person: Callable[..., User], as_user: Callable[..., Client], settings
) -> None:
    user = person("ann", Role.UPLOADER, second_factor=False)
    client = as_user(user)
    assert client.get("/").status_code == 200
    settings.EVERYONE_SECOND_FACTOR = True
    for where in ("/", "/scans/", "/scans/new/", "/notifications/", "/compare/"):
        answer = client.get(where)
        assert (answer.status_code, b"Set up now" in answer.content) == (403, True), where
    assert client.post("/scans/new/", {"consents_to_training": "on"}).status_code == 403
    assert client.get("/api/v1/scans").status_code == 403
    assert roles.scopes_for(user) == []
    for where in ("/help/", "/accounts/2fa/", "/profile/"):
        assert client.get(where, follow=True).status_code == 200, where
    TOTP.activate(user, generate_totp_secret())
    assert client.get("/scans/").status_code == 200
    assert client.get("/api/v1/scans").status_code == 200


def test_a_person_can_hold_two_roles_and_lose_one(person: Callable[..., User]) -> None:
    user = person("ann", Role.UPLOADER, Role.MODERATOR)
    assert roles.roles_of(user) == {Role.UPLOADER, Role.MODERATOR}
    assert user.is_staff
    user.groups.remove(user.groups.get(name=Role.MODERATOR))
    user.refresh_from_db()
    assert not user.is_staff
    assert roles.roles_of(user) == {Role.UPLOADER}


def test_a_group_that_empties_takes_the_desk_from_its_people(person: Callable[..., User]) -> None:
    user = person("ann", Role.LEAD)
    user.groups.get(name=Role.LEAD).user_set.clear()
    user.refresh_from_db()
    assert not user.is_staff


def test_an_auditor_may_only_look(person: Callable[..., User]) -> None:
    assert {p.partition(".")[2].partition("_")[0] for p in person("ada", Role.AUDITOR).get_all_permissions()} == {
        "view"
    }


def test_every_permission_in_the_table_exists(db: None) -> None:
    there = {f"{p.content_type.app_label}.{p.codename}" for p in Permission.objects.select_related("content_type")}
    assert set(roles.PERMISSIONS) - there == set()


def test_an_inactive_person_has_no_role(person: Callable[..., User]) -> None:
    user = person("ann", Role.ADMIN)
    user.is_active = False
    assert roles.roles_of(user) == frozenset()
