"""Whatever a stranger sends, the answer is never a crash."""

import os
import string
from collections.abc import Callable

import pytest
from django.contrib.contenttypes.models import ContentType
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.models import ApiKey, User
from accounts.roles import Role
from scans.models import Rule, Scan

pytestmark = [pytest.mark.django_db, pytest.mark.slow]

FORMS = {
    "/accounts/login/": ("login", "password", "remember", "next"),
    "/accounts/signup/": ("email", "password1", "password2", "next"),
    "/accounts/password/reset/": ("email",),
    "/accounts/password/reset/key/1-set-password/": ("password1", "password2"),
    "/accounts/confirm-email/": ("email", "action"),
    "/accounts/2fa/authenticate/": ("code",),
    "/accounts/2fa/webauthn/login/": ("credential",),
    "/accounts/logout/": ("next",),
    "/accounts/reauthenticate/": ("password", "next"),
    "/theme/": ("theme", "next"),
    "/i18n/setlang/": ("language", "next"),
    "/profile/": ("name", "language", "time_zone"),
    "/admin/login/": ("username", "password", "next"),
    "/api/v1/me": ("a",),
}
HEADERS = (
    "Accept", "Accept-Language", "Authorization", "Content-Type", "Cookie", "Host", "Origin", "Referer", "User-Agent",
    "X-Forwarded-For", "X-Forwarded-Proto", "X-Request-ID", "X-CSRFToken", "If-Modified-Since", "Range",
)  # fmt: skip
PAGES = ("/", "/accounts/login/", "/accounts/signup/", "/profile/", "/api/v1/me", "/healthz", "/metrics", "/nowhere")

nasty = st.one_of(
    st.text(max_size=200),
    st.text(alphabet=string.printable, max_size=60),
    st.sampled_from(
        ["\0", "' OR 1=1 --", "{{ 7*7 }}", "../../etc/passwd", "%00", "javascript:alert(1)", "//evil.example", "\ud800",
         "http://[", "http://[::1", "a@b@c", "a" * 5000, "-1", "9" * 40, "null", "{}", "[]", '{"id": 1}', '{"id": "a"}',
         '{"id": "YQ", "rawId": "YQ", "response": {}, "type": "public-key"}', "\r\nSet-Cookie: a"]
    ),
)  # fmt: skip
header = st.text(alphabet=st.characters(max_codepoint=255, exclude_characters="\r\n"), max_size=120) | st.sampled_from(
    ["*/*;q=x", "de;q=2, en;q=-1", "Bearer", "Bearer dfm_live_", "bytes=--1", "multipart/form-data", "a; charset=nope",
     "application/json; charset=\xff", "session=;;=;csrf=", "localhost:port", "[::1", "1.1.1.1, , ,"]
)  # fmt: skip
rubbish = settings(
    max_examples=25,
    deadline=None,
    derandomize=bool(os.environ.get("CI")),  # CI says the same twice; every other run looks further
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture(autouse=True)
def no_limits(settings) -> None:
    """Past the rate limits, so that every attempt reaches its view."""
    settings.RATELIMIT_ENABLE = False


def writable(text: str) -> str:
    """What a client can put on the wire: it has no lone surrogates."""
    return text.encode("utf-8", "replace").decode()


@pytest.mark.parametrize("where", FORMS)
@rubbish
@given(data=st.data())
def test_no_form_breaks(where: str, data: st.DataObject) -> None:
    form = {name: writable(data.draw(nasty)) for name in FORMS[where] if data.draw(st.booleans())}
    assert Client().post(where, form).status_code < 500


@pytest.mark.parametrize("where", FORMS)
@rubbish
@given(
    body=st.binary(max_size=300),
    kind=st.sampled_from(["application/json", "multipart/form-data; boundary=x", "text/x"]),
)
def test_no_body_breaks(where: str, body: bytes, kind: str) -> None:
    assert Client().generic("POST", where, body, content_type=kind).status_code < 500


@pytest.mark.parametrize("name", HEADERS)
@rubbish
@given(value=header, where=st.sampled_from(PAGES))
def test_no_header_breaks(name: str, value: str, where: str, settings) -> None:
    settings.TRUSTED_PROXIES = 1
    assert Client().get(where, headers={name: value}).status_code < 500


@rubbish
@given(
    where=st.sampled_from(PAGES), name=st.sampled_from(["next", "q", "page", "e", "o", "email", "_popup"]), value=nasty
)
def test_no_query_breaks(where: str, name: str, value: str) -> None:
    assert Client().get(where, {name: writable(value)}).status_code < 500


@rubbish
@given(
    start=st.sampled_from(
        ["/", "/accounts/", "/accounts/confirm-email/", "/accounts/password/reset/key/", "/profile/keys/", "/admin/",
         "/admin/accounts/user/", "/api/v1/", "/static/", "/i18n/"]
    ),
    rest=nasty,
)  # fmt: skip
def test_no_path_breaks(start: str, rest: str) -> None:
    path = (start + writable(rest)).encode()
    assert Client().generic("GET", path.decode("latin-1"), PATH_INFO=path.decode("latin-1")).status_code < 500


@pytest.mark.parametrize("odd", ["1", "x", "00000000-0000-0000-0000-000000000001"])
def test_the_desks_way_to_a_page_refuses_ids_that_are_none(
    odd: str, person: Callable[..., User], as_user: Callable[..., Client]
) -> None:
    """Where ids are UUIDs, too."""
    desk = as_user(person("lead", Role.LEAD))
    kinds = ContentType.objects.get_for_models(ApiKey, Scan, Rule).values()
    assert {desk.get(f"/admin/r/{kind.pk}/{odd}/").status_code for kind in kinds} == {404}
