"""What the database knows of its rows, by which it chooses between indexes."""

import uuid

import pytest
from django.db import connection

from accounts.models import User
from scans import tasks
from scans.models import Batch, Scan

pytestmark = pytest.mark.django_db


def test_the_files_of_a_batch_are_not_sought_among_all_of_their_owner(uploader: User) -> None:
    batches = [Batch.objects.create(owner=uploader, id=uuid.UUID(int=number)) for number in range(40)]
    Scan.objects.bulk_create(
        Scan(owner=uploader, batch=batches[number // 25], name="a.jpg", sha256=f"{number:064x}", bytes=1)
        for number in range(1000)
    )
    tasks.gather_statistics()
    of_batch = Scan.objects.owned_by(uploader).filter(batch=batches[0]).order_by("created_at")
    assert len(of_batch) == 25
    if connection.vendor == "sqlite":  # PostgreSQL gathers its statistics itself
        assert "batch_id=?" in of_batch.explain()
