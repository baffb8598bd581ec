"""Whatever has an id and belongs to somebody is absent for everybody else: on pages and in the API, read or changed."""

import datetime as dt
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.forms.models import model_to_dict
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import keys
from accounts.models import ApiKey, User
from accounts.roles import Role, give
from accounts.web import urls as of_accounts
from scans.api import urls as of_api
from scans.library import cases
from scans.models import (
    Batch,
    Case,
    CaseLink,
    Delivery,
    Endpoint,
    Live,
    Notification,
    Resumable,
    SavedSearch,
    Scan,
    Share,
    Tag,
)
from scans.web import urls as of_web

pytestmark = pytest.mark.django_db
METHODS = ("get", "post", "put", "patch", "delete")
# By the name of the view. What is not here names a scan.
OWNED = {
    "case": Case,
    "cases": Case,
    "scans_of_case": Case,
    "remove_scans": Case,
    "export_case": Case,
    "links_of_case": Case,
    "case_link": CaseLink,
    "delete_search": SavedSearch,
    "tag": Tag,
    "notification": Notification,
    "batch": Batch,
    "tus_upload": Resumable,
    "live_picture": Live,
    "live_keep": Live,
    "live_drop": Live,
    "key_rotate": ApiKey,
    "key_revoke": ApiKey,
    "endpoint": Endpoint,
    "rotate_secret": Endpoint,
    "ping": Endpoint,
    "delivery": Delivery,
    "redeliver": Delivery,
}
AT_THE_DESK = {"item", "claim", "release", "skip", "first_answer"}  # items belong to nobody; tests/accounts walks roles


@pytest.fixture
def belongings(bundles: Any, upload: Callable[..., Scan], uploader: User) -> dict[type, Any]:
    """One row of each kind, all of one person."""
    scan, now = upload(), timezone.now()
    case = Case.objects.create(owner=uploader, title="theirs")
    case.scans.add(scan)
    tag = Tag.named(uploader, "theirs")
    tag.scans.add(scan)
    endpoint = Endpoint.objects.create(owner=uploader, url="https://example.org/theirs")
    return {
        Scan: scan,
        Case: case,
        Tag: tag,
        Endpoint: endpoint,
        CaseLink: cases.share(case, uploader, 7),
        Share: Share.objects.create(scan=scan, maker=uploader, expires_at=now + dt.timedelta(days=1)),
        SavedSearch: SavedSearch.objects.create(owner=uploader, name="theirs", query="q=1"),
        Notification: Notification.objects.filter(recipient=uploader).first()
        or Notification.objects.create(recipient=uploader, kind="result", scan=scan),
        Batch: Batch.objects.create(owner=uploader),
        Resumable: Resumable.objects.create(owner=uploader, name="theirs", length=9, expires_at=now + dt.timedelta(1)),
        Live: Live.objects.create(owner=uploader),
        ApiKey: keys.issue(uploader, name="theirs", scopes=["scans:read"])[0],
        Delivery: Delivery.objects.create(endpoint=endpoint, kind="ping", body="{}"),
    }


def addresses(rows: dict[type, Any]) -> Iterator[tuple[str, type]]:
    """Each address with an id, and the kind of row that it names."""
    share, link = rows[Share], rows[CaseLink]
    artifact = rows[Scan].assessment.artifacts.first().pk
    for space, patterns in (
        ("scans", of_web.urlpatterns),
        ("api", of_api.urlpatterns),
        ("profile", of_accounts.urlpatterns),
    ):
        for pattern in patterns:
            converters = pattern.pattern.converters
            if "pk" not in converters or pattern.name in AT_THE_DESK:
                continue
            name = str(pattern.name)
            kind = OWNED.get(name) or (Case if name.startswith("case_") else Scan)
            given = {
                "pk": rows[kind].pk, "artifact": artifact, "share_pk": share.pk, "link_pk": link.pk, "form": "csv",
            }  # fmt: skip
            yield reverse(f"{space}:{name}", kwargs={word: given[word] for word in converters}), kind


def test_what_belongs_to_somebody_is_absent_for_everybody_else(
    belongings: dict[type, Any], as_user: Callable[..., Client], stranger: User
) -> None:
    give(stranger, Role.INTEGRATOR)  # may use every door that is not the desk's
    _key, secret = keys.issue(stranger, name="p", scopes=["scans:read", "scans:write", "webhooks"])
    person = as_user(stranger, proven=True)
    program = Client(headers={"authorization": f"Bearer {secret}"})
    before = {kind: model_to_dict(row) for kind, row in belongings.items()}
    paths = list(addresses(belongings))
    assert len(paths) > 50
    assert {kind for _address, kind in paths} == set(belongings) - {Share}
    for address, _kind in paths:
        client, json = (program, "application/json") if address.startswith("/api/") else (person, None)
        statuses = set()
        for method in METHODS:
            content = {"data": "{}", "content_type": json} if json and method != "get" else {}
            statuses.add(getattr(client, method)(address, **content).status_code)
        assert statuses <= {403, 404, 405, 422}, (address, statuses)
        assert 404 in statuses, address
    for kind, row in belongings.items():
        assert model_to_dict(kind.objects.get(pk=row.pk)) == before[kind], kind  # type: ignore[attr-defined]
