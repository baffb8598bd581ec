"""A new site gets its first admin from its settings, once."""

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts import roles
from accounts.models import User

pytestmark = pytest.mark.django_db


def run() -> str:
    out = io.StringIO()
    call_command("first_admin", stdout=out)
    return out.getvalue()


def test_the_admin_is_made_once_and_sets_a_password_by_the_link_in_the_log(settings: Any, client: Client) -> None:
    settings.ADMIN_EMAIL, settings.ADMIN_PASSWORD = "root@example.org", ""
    link = run().strip().rpartition(" ")[2]
    assert link.startswith(settings.SITE_URL)
    assert run() == "There is already an admin.\n"
    assert roles.roles_of(User.objects.get()) == {roles.Role.ADMIN}
    form = client.get(link.removeprefix(settings.SITE_URL), follow=True).redirect_chain[-1][0]
    password = "a phrase that I chose"
    client.post(form, {"password1": password, "password2": password})
    client.post("/accounts/login/", {"login": "root@example.org", "password": password})
    assert client.get("/admin/").status_code == 403, "a second factor first"
    again = Client().get(link.removeprefix(settings.SITE_URL), follow=True)
    assert again.context.get("token_fail"), "it works once"


def test_the_link_for_the_first_admin_expires(settings: Any, client: Client) -> None:
    settings.ADMIN_EMAIL, settings.ADMIN_PASSWORD = "root@example.org", ""
    link = run().strip().rpartition(" ")[2]
    settings.PASSWORD_RESET_TIMEOUT = -1
    assert client.get(link.removeprefix(settings.SITE_URL), follow=True).context.get("token_fail")


def test_without_a_name_nobody_is_made_and_a_weak_password_is_refused(settings: Any) -> None:
    settings.ADMIN_EMAIL = ""
    assert "no admin yet" in run()
    settings.ADMIN_EMAIL, settings.ADMIN_PASSWORD = "root@example.org", "password"
    with pytest.raises(CommandError, match="ADMIN_PASSWORD"):
        run()
    assert not User.objects.exists()
