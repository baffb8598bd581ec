"""What the upload form says before anything is chosen: how large, how many, and how much room is left."""

import uuid
from typing import Any

from django.conf import settings

from ..models import Batch, Scan


def upload_limits(person: Any) -> dict[str, Any]:
    return {
        "key": uuid.uuid4(),
        "limit": settings.MAX_UPLOAD_MB,
        "limit_bytes": settings.MAX_UPLOAD_MB * 2**20,
        "in_a_batch": Batch.MOST,
        "fetches": settings.SCANS_URL_FETCH,
        "used": Scan.objects.filter(owner=person).kept_bytes(),
        "quota": settings.QUOTA_MB * 2**20,
        "quota_high": settings.QUOTA_MB * 2**20 * 9 // 10,
    }
