"""For schemathesis: an Idempotency-Key stands for one request, so each request gets its own."""

import uuid
from typing import Any

import schemathesis


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    if case.headers and case.headers.get("Idempotency-Key"):
        case.headers["Idempotency-Key"] = uuid.uuid4().hex
