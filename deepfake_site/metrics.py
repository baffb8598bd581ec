"""/metrics for Prometheus; off unless METRICS_TOKEN is set."""

import hmac
import os
import shutil
import time
from collections.abc import Callable

import prometheus_client as prometheus
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe
from prometheus_client import multiprocess

from . import health, queues

REQUESTS = prometheus.Counter("site_requests_total", "Requests answered.", ["method", "view", "status"])
SECONDS = prometheus.Histogram("site_request_seconds", "Time to answer.", ["view"])
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class RequestMetrics:
    """Counts and times every request by view name: never by path, which anyone can make up."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.monotonic()
        response = self.get_response(request)
        view = (request.resolver_match.view_name if request.resolver_match else "") or "none"
        method = request.method if request.method in METHODS else "other"
        REQUESTS.labels(method, view, response.status_code).inc()
        SECONDS.labels(view).observe(time.monotonic() - began)
        return response


def _current_state() -> prometheus.CollectorRegistry:
    """The figures that are measured when the page is requested."""
    registry = prometheus.CollectorRegistry()
    waiting = prometheus.Gauge("site_queue_waiting", "Messages waiting.", ["queue"], registry=registry)
    oldest = prometheus.Gauge(
        "site_queue_oldest_seconds", "Seconds that the oldest message or scan has waited.", ["queue"], registry=registry
    )
    part_up = prometheus.Gauge("site_part_up", "1 if this part works (see /readyz).", ["part"], registry=registry)
    free = prometheus.Gauge("site_disk_free_bytes", "Space left for media.", registry=registry)
    for name, part in health.PARTS.items():
        part_up.labels(name).set(health.state_of(part) == health.OK)
    if health.state_of(health.broker) == health.OK:
        for queue, (messages, seconds) in queues.waiting().items():
            waiting.labels(queue).set(messages)
            oldest.labels(queue).set(seconds)
    folder = next(f for f in (settings.MEDIA_ROOT, *settings.MEDIA_ROOT.parents) if f.exists())
    free.set(shutil.disk_usage(folder).free)
    return registry


@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    if not settings.METRICS_TOKEN:
        raise Http404
    authorization = request.headers.get("Authorization", "").encode()
    if not hmac.compare_digest(authorization, f"Bearer {settings.METRICS_TOKEN}".encode()):
        return HttpResponse("A bearer token is needed.\n", status=401, headers={"WWW-Authenticate": "Bearer"})
    counted = prometheus.REGISTRY
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):  # several web processes: add them up
        counted = prometheus.CollectorRegistry()
        multiprocess.MultiProcessCollector(counted)
    lines = prometheus.generate_latest(counted) + prometheus.generate_latest(_current_state())
    return HttpResponse(lines, content_type=prometheus.CONTENT_TYPE_LATEST)
