from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from accounts.models import User
from scans.models import Scan

from ..conftest import portrait


@pytest.fixture(autouse=True)
def fresh_counters() -> Iterator[None]:
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def ann(as_user: Callable[..., Client], uploader: User) -> Client:
    return as_user(uploader)


@pytest.fixture
def bob(as_user: Callable[..., Client], stranger: User) -> Client:
    return as_user(stranger)


@pytest.fixture
def hand_in(ann: Client, django_capture_on_commit_callbacks: Callable[..., Any]) -> Callable[..., Any]:
    """Post files by the form, and let what was sent after the commit happen."""

    def post(*files: SimpleUploadedFile, to: str = "/scans/new/", client: Client = ann, **fields: Any) -> Any:
        with django_capture_on_commit_callbacks(execute=True):
            return client.post(to, {"files": list(files), **fields})

    return post


def photo(name: str = "me.jpg", side: int = 400) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, portrait(side), "image/jpeg")


def delete_for_good(client: Client, scan: Scan) -> None:
    """By the pages: into the trash, and out of it for ever."""
    client.post(f"/scans/{scan.pk}/delete/")
    client.post(f"/scans/{scan.pk}/purge/")


@pytest.fixture
def scan(bundles: Any, upload: Callable[..., Scan]) -> Scan:
    """One that was judged."""
    return upload()
