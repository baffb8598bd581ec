"""Errors look like the site to people and like RFC 9457 to programs."""

from collections.abc import Callable

import pytest
from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import get_resolver, path

from accounts import roles
from accounts.models import User

RAISES = {
    "bad": (SuspiciousOperation, 400),
    "forbidden": (PermissionDenied, 403),
    "large": (RequestDataTooBig, 413),
    "broken": (ZeroDivisionError, 500),
}


def fail(request: HttpRequest, how: str) -> HttpResponse:
    raise RAISES[how][0]("a secret of the inside")


urlpatterns = [
    *get_resolver().url_patterns,
    path("fail/<how>/", fail, name="fail"),
    path("api/<how>", fail, name="fail"),
]
handler400, handler403, handler404, handler500 = (
    f"deepfake_site.errors.{name}" for name in ("bad_request", "forbidden", "not_found", "broken")
)


@pytest.fixture(autouse=True)
def failing_pages(settings, monkeypatch) -> None:
    settings.ROOT_URLCONF = __name__
    monkeypatch.setitem(roles.VIEWS, "fail", roles.ANYONE)


@pytest.fixture
def client() -> Client:
    return Client(raise_request_exception=False)


@pytest.mark.parametrize("how", RAISES)
def test_each_error_has_a_page_of_the_site_and_a_body_for_programs(client: Client, db, how: str) -> None:
    status = RAISES[how][1]
    page = client.get(f"/fail/{how}/", headers={"Accept": "text/html"})
    assert page.status_code == status
    assert "site.css" in page.content.decode()
    assert "a secret of the inside" not in page.content.decode()
    said = client.get(f"/api/{how}")
    assert said.status_code == status
    assert said["Content-Type"] == "application/problem+json"
    body = said.json()
    assert body["status"] == status
    assert body["request_id"] == said["X-Request-ID"]
    assert "a secret of the inside" not in str(body)


def test_what_is_not_there_is_a_404_in_the_sites_own_look(client: Client, db) -> None:
    page = client.get("/no/such/page/")
    assert page.status_code == 404
    assert "site.css" in page.content.decode()
    assert client.get("/api/v1/nothing").json()["code"] == "not_found"


@pytest.mark.django_db(databases=[])
def test_the_500_page_needs_no_database(client: Client) -> None:
    page = client.get("/fail/broken/", headers={"Cookie": "session=abc"})
    assert page.status_code == 500
    assert "site.css" in page.content.decode()


def test_a_body_that_is_announced_as_too_large_is_refused_unread(client: Client, db, settings) -> None:
    response = client.generic(
        "POST", "/accounts/login/", b"", CONTENT_LENGTH=str((settings.MAX_REQUEST_MB + 1) * 2**20)
    )
    assert response.status_code == 413


def test_a_form_field_that_is_too_large_is_a_413(client: Client, db) -> None:
    assert client.post("/accounts/login/", {"login": "x" * 3_000_000}).status_code == 413


def test_a_form_from_yesterday_is_explained(db) -> None:
    client = Client(enforce_csrf_checks=True)
    page = client.post("/accounts/login/", {"login": "a"})
    assert page.status_code == 403
    assert "out of date" in page.content.decode()


@pytest.mark.parametrize("where", ["/%00", "/?q=%00", "/accounts/login/?next=%00", "/no\0where"])
def test_zero_bytes_go_nowhere(client: Client, db, where: str) -> None:
    assert client.get(where).status_code in (400, 404)


def test_a_length_that_is_no_number_is_a_400(client: Client, db) -> None:
    assert client.generic("POST", "/theme/", b"", CONTENT_LENGTH="many").status_code == 400


@pytest.mark.parametrize("address", ["/scans/batches/", "/scans/selected/", "/notifications/read/"])
def test_an_address_that_only_takes_forms_says_so_when_it_is_opened(
    address: str, as_user: Callable[..., Client], uploader: User
) -> None:
    ann = as_user(uploader)
    response = ann.get(address, headers={"Accept": "text/html"})
    assert response.status_code == 405
    assert response["Allow"] == "POST"
    page = response.content.decode()
    assert "only accepts forms" in page
    assert 'href="/scans/"' in page, "the navigation is there"
    body = ann.get(address, headers={"Accept": "application/json"}).json()
    assert body["code"] == "method_not_allowed"
