"""One JSON line per thing worth knowing, and a request id that ties them together.

The id comes from `X-Request-ID` or is made here; it goes out in the answer's `X-Request-ID`, travels with every
Celery message, and stands in every line that either side writes.
"""

import logging.config
import re
import time
import uuid
from collections.abc import Callable
from typing import Any

import structlog
from celery import signals
from django.http import HttpRequest, HttpResponse

log = structlog.get_logger(__name__)

ACCEPTED_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
QUIET_PATHS = ("/healthz", "/readyz", "/metrics", "/static/")


def set_up(*, level: str, readable: bool) -> None:
    """Route structlog and the standard library's loggers to stderr, as JSON or for the eye."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.processors.StackInfoRenderer(),
    ]
    ending: list[Any] = (
        [structlog.dev.ConsoleRenderer()]
        if readable
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]
    )
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "line": {
                    "()": structlog.stdlib.ProcessorFormatter,
                    "foreign_pre_chain": shared,
                    "processors": [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *ending],
                }
            },
            "handlers": {
                "stderr": {"class": "logging.StreamHandler", "formatter": "line"},
                "recent": {"class": "deepfake_site.recent_errors.Handler", "level": "ERROR"},
            },
            "root": {"handlers": ["stderr", "recent"], "level": level},
            "loggers": {
                # RequestLog says what these would say again.
                "django.server": {"propagate": False},
                "django.request": {"level": "ERROR"},
                "celery.beat": {"level": "WARNING"},
            },
        }
    )


class RequestLog:
    """Gives every request its id and writes one line about each."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        offered = request.headers.get("X-Request-ID", "")
        request_id = offered if ACCEPTED_ID.fullmatch(offered) else uuid.uuid4().hex
        request.request_id = request_id  # type: ignore[attr-defined]
        structlog.contextvars.bind_contextvars(request_id=request_id)
        began = time.monotonic()
        try:
            response = self.get_response(request)
            response["X-Request-ID"] = request_id
            took = (time.monotonic() - began) * 1000
            if request.path.startswith("/api/"):
                response["Server-Timing"] = f"app;dur={took:.1f}"
            if not request.path.startswith(QUIET_PATHS):
                user = getattr(request, "user", None)
                log.info(
                    "request",
                    method=request.method,
                    # The path as it is routed: a link in a mail carries its secret in the path.
                    route=request.resolver_match.route if request.resolver_match else None,
                    status=response.status_code,
                    ms=round(took),
                    user=user.pk if user is not None and user.is_authenticated else None,
                )
            return response
        finally:
            structlog.contextvars.clear_contextvars()


# -- Celery: the id travels in the message's headers -----------------------------------------------


@signals.setup_logging.connect
def _keep_our_logging(**_: Any) -> None:
    """Celery sets up logging of its own unless somebody listens here."""


@signals.before_task_publish.connect
def _send_id_along(headers: dict[str, Any], **_: Any) -> None:
    if request_id := structlog.contextvars.get_contextvars().get("request_id"):
        headers["request_id"] = request_id


@signals.task_prerun.connect
def _take_id_up(task: Any, task_id: str, **_: Any) -> None:
    structlog.contextvars.clear_contextvars()
    request_id = getattr(task.request, "request_id", None) or task_id
    structlog.contextvars.bind_contextvars(request_id=request_id, task=task.name, task_id=task_id)


@signals.task_postrun.connect
def _say_done(state: str | None = None, **_: Any) -> None:
    log.info("task", state=state)
    structlog.contextvars.clear_contextvars()
