"""The admin's door: roles, second factor, a fresh proof before people are changed."""

import datetime as dt
import re
from collections.abc import Callable

import pytest
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import keys
from accounts.models import User
from accounts.roles import Role


def test_staff_without_a_second_factor_get_no_admin_but_the_way_to_one(person, as_user) -> None:
    response = as_user(person("mo", Role.MODERATOR, second_factor=False)).get("/admin/")
    assert response.status_code == 403
    assert reverse("mfa_index") in response.content.decode()


def test_the_demo_does_without_a_second_factor(person, as_user, settings) -> None:
    settings.STAFF_SECOND_FACTOR = False
    assert as_user(person("mo", Role.MODERATOR, second_factor=False)).get("/admin/").status_code == 200


def test_a_moderator_with_a_second_factor_is_let_in(moderator: User, as_user) -> None:
    assert as_user(moderator).get("/admin/").status_code == 200


def test_the_admin_login_is_the_sites_own(client: Client) -> None:
    response = client.get("/admin/", follow=True)
    assert response.redirect_chain[-1][0].startswith("/accounts/login/")


@pytest.fixture
def change(admin: User, uploader: User) -> Callable[[Client, list[int]], int]:
    def post(client: Client, groups: list[int]) -> int:
        where = reverse("admin:accounts_user_change", args=[uploader.pk])
        form = {"email": uploader.email, "name": "", "language": "", "time_zone": "UTC", "is_active": "on"}
        return client.post(where, {**form, "groups": groups}).status_code

    return post


def test_giving_a_role_needs_a_fresh_proof_of_who_is_asking(admin, uploader, as_user, change) -> None:
    lead = Group.objects.get(name=Role.LEAD)
    client = as_user(admin)
    client.post(reverse("admin:accounts_user_change", args=[uploader.pk]), {"groups": [lead.pk]})
    uploader.refresh_from_db()
    assert not uploader.is_staff
    change(as_user(admin, proven=True), [lead.pk])
    uploader.refresh_from_db()
    assert uploader.is_staff
    assert [g.name for g in uploader.groups.all()] == [Role.LEAD]


def test_nobody_makes_themselves_a_superuser_through_the_form(admin, uploader, as_user) -> None:
    where = reverse("admin:accounts_user_change", args=[uploader.pk])
    form = {"email": uploader.email, "time_zone": "UTC", "is_active": "on", "is_superuser": "on", "is_staff": "on"}
    as_user(admin, proven=True).post(where, form)
    uploader.refresh_from_db()
    assert not uploader.is_superuser
    assert not uploader.is_staff


def test_a_lead_sees_people_and_changes_none(lead: User, uploader: User, as_user) -> None:
    client = as_user(lead, proven=True)
    assert client.get(reverse("admin:accounts_user_changelist")).status_code == 200
    where = reverse("admin:accounts_user_change", args=[uploader.pk])
    assert client.post(where, {"email": "x@example.org"}).status_code == 403


def test_an_admin_revokes_somebodys_key(admin: User, uploader: User, as_user) -> None:
    key, secret = keys.issue(uploader, name="mine", scopes=["scans:read"])
    form = {"action": "revoke", "_selected_action": [str(key.pk)]}
    as_user(admin).post(reverse("admin:accounts_apikey_changelist"), form)
    assert keys.verify(secret) is None


def test_an_auditor_is_not_offered_the_action_and_cannot_force_it(person, uploader: User, as_user) -> None:
    key, secret = keys.issue(uploader, name="mine", scopes=["scans:read"])
    client, where = as_user(person("ada", Role.AUDITOR)), reverse("admin:accounts_apikey_changelist")
    assert 'value="revoke"' not in client.get(where).content.decode()
    client.post(where, {"action": "revoke", "_selected_action": [str(key.pk)]})
    assert keys.verify(secret) == key


def test_the_people_list_asks_the_same_number_of_questions_however_many_there_are(
    admin: User, person, as_user, django_assert_num_queries
) -> None:
    client, where = as_user(admin), reverse("admin:accounts_user_changelist")
    client.get(where)
    with CaptureQueriesContext(connection) as few:
        client.get(where)
    for number in range(12):
        person(f"p{number}", Role.UPLOADER)
    with django_assert_num_queries(len(few)):
        client.get(where)


def test_changes_are_listed_newest_first_and_narrowed_by_time(admin: User, as_user) -> None:
    kind = ContentType.objects.get_for_model(User)
    now = timezone.now()
    for name, days in (("long ago", 60), ("last week", 6), ("new", 0)):
        LogEntry.objects.create(
            user=admin, content_type=kind, object_id="1", object_repr=name, action_flag=CHANGE,
            action_time=now - dt.timedelta(days=days),
        )  # fmt: skip

    def shown(query: dict[str, str]) -> list[str]:
        page = as_user(admin).get(reverse("admin:admin_logentry_changelist"), query)
        return [entry.object_repr for entry in page.context["cl"].result_list]

    assert shown({}) == ["new", "last week", "long ago"]
    week = {"action_time__gte": (now - dt.timedelta(days=7)).isoformat(sep=" ")}
    assert shown(week) == ["new", "last week"]
    assert "action_time__gte=" in as_user(admin).get(reverse("admin:admin_logentry_changelist")).content.decode()


def test_roles_are_shown_with_what_they_may_do_and_are_not_changed(admin: User, lead: User, as_user) -> None:
    role = Group.objects.get(name=Role.LEAD)
    client, where = as_user(admin), reverse("admin:auth_group_change", args=[role.pk])
    listed = client.get(reverse("admin:auth_group_changelist")).content.decode()
    assert f'?groups__id__exact={role.pk}">1</a>' in listed
    assert "Can assign, take over and reopen" in client.get(where).content.decode()
    assert client.post(where, {"name": "boss"}).status_code == 403
    assert client.post(reverse("admin:auth_group_delete", args=[role.pk]), {"post": "yes"}).status_code == 403
    role.refresh_from_db()
    assert role.name == Role.LEAD


def test_an_admin_makes_a_group_for_a_queue_and_puts_people_into_it(admin: User, lead: User, as_user, change) -> None:
    client = as_user(admin, proven=True)
    add = reverse("admin:auth_group_add")
    assert client.post(add, {"name": "Politics"}).status_code == 302
    group = Group.objects.get(name="Politics")
    assert not group.permissions.exists()
    client.post(reverse("admin:auth_group_change", args=[group.pk]), {"name": "Elections"})
    group.refresh_from_db()
    assert group.name == "Elections"
    assert "Elections" in client.get(reverse("admin:accounts_user_change", args=[lead.pk])).content.decode()
    assert as_user(lead).post(add, {"name": "Sports"}).status_code == 403
    assert not Group.objects.filter(name="Sports").exists()


def test_the_log_of_the_desk_says_in_words_what_was_changed(admin: User, uploader: User, as_user) -> None:
    kind = ContentType.objects.get_for_model(User)
    message = '[{"changed": {"fields": ["Name"]}}]'
    LogEntry.objects.create(
        user=admin, content_type=kind, object_id=uploader.pk, object_repr="Ulla", action_flag=CHANGE,
        change_message=message,
    )  # fmt: skip
    page = as_user(admin).get("/admin/admin/logentry/").content.decode()
    assert "Changed Name." in page
    assert "[{" not in page
    filters = page.partition('id="changelist-filter"')[2]
    assert ">Person<" in re.sub(r"\s*([<>])\s*", r"\1", filters)
    assert "Assessment" not in filters, "nothing of that kind was changed"


def test_an_empty_list_says_so_and_leads_back_from_a_search(admin: User, as_user) -> None:
    client = as_user(admin)
    assert "Nothing here yet." in client.get("/admin/accounts/erasure/").content.decode()
    page = client.get("/admin/accounts/user/?q=nobody-has-this-name").content.decode()
    assert "No entries match." in page
    assert '<a href="?">Show all</a>' in page
