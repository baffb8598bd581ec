"""What machines ask about the site: answered before anything else looks at the request.

A load balancer or a scraper asks by IP address and over plain HTTP, with a Host that is none of ALLOWED_HOSTS.
"""

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.middleware.security import SecurityMiddleware

from . import health, metrics

PROBES = {
    "/healthz": health.healthz,
    "/readyz": health.readyz,
    "/api/v1/healthz": health.healthz,  # for programs that are told of one address only
    "/api/v1/readyz": health.readyz,
    "/metrics": metrics.metrics,
}


class Probes:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.security = SecurityMiddleware(get_response)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        probe = PROBES.get(request.path_info)
        if probe is None:
            return self.get_response(request)
        try:
            answer = probe(request)
        except Http404:
            return self.get_response(request)
        response = self.security.process_response(request, answer)
        response["Content-Security-Policy"] = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"
        return response
