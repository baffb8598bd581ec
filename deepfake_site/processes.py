"""The processes that the site is made of on one machine, and what each is told."""

import os
import sys
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings

from . import env
from .children import Child


def environment(**more: str) -> dict[str, str]:
    """What every child gets: all agree on the folder, the secret in it, and whether this is a demo."""
    shared = {
        **os.environ,
        "VAR_DIR": str(settings.VAR_DIR),
        "EMBEDDED": str(int(settings.EMBEDDED)),
        "DEMO": str(int(not settings.DATABASE_URL and (settings.VAR_DIR / "demo").exists())),
        "PYTHONUNBUFFERED": "1",
        # On a machine of one's own, being root is no news.
        "PYTHONWARNINGS": "ignore:You're running the worker with superuser privileges",
        **more,
    }
    shared.pop("PYTHONDONTWRITEBYTECODE", None)  # with it, every start of a worker compiles TensorFlow anew
    return shared


def child(name: str, argv: Iterable[str | Path], environment: dict[str, str]) -> Child:
    log = settings.VAR_DIR / "log" / f"{name}.log" if env.flag("LOG_FILES", default=True) else None
    return Child(name, argv, environment=environment, folder=settings.BASE_DIR, log=log)


def cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def workers() -> list[Child]:
    celery = [sys.executable, "-m", "celery", "-A", "deepfake_site"]
    at_once = {"analysis": env.whole("ANALYSIS_PROCESSES", max(1, cores() // 2)), "post": 1, "webhooks": 1}
    children = [
        child(
            kind,
            [
                *(*celery, "worker", "-n", f"{kind}@%h", "-Q", ",".join(queues), "-P", "prefork"),
                *("-c", str(at_once[kind]), "--without-mingle", "--without-gossip"),
            ],
            environment(),
        )
        for kind, queues in settings.QUEUES.items()
    ]
    return [*children, child("beat", [*celery, "beat", "--pidfile="], environment())]


def web(bind: str, port: int) -> Child:
    processes = 1 if settings.DEBUG else env.whole("WEB_PROCESSES", max(2, min(4, cores())))
    host = f"[{bind}]" if ":" in bind else bind
    gunicorn = [sys.executable, "-m", "gunicorn", "deepfake_site.wsgi", "--bind", f"{host}:{port}"]
    gunicorn += [
        "--worker-class",
        "gthread",
        "--workers",
        str(processes),
        "--threads",
        str(env.whole("WEB_THREADS", 8)),
    ]
    gunicorn += ["--timeout", "60", "--graceful-timeout", "8", "--no-control-socket"]
    gunicorn += ["--keep-alive", "65"]  # longer than clients and proxies keep one, or they ask one that just closed
    if Path("/dev/shm").is_dir():  # noqa: S108  # the workers' heartbeat must not wait for a disk
        gunicorn += ["--worker-tmp-dir", "/dev/shm"]  # noqa: S108
    if settings.DEBUG:
        gunicorn += ["--reload"]
    return child("web", gunicorn, environment(PROMETHEUS_MULTIPROC_DIR=str(settings.VAR_DIR / "metrics")))
