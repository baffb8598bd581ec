"""The site's own settings, in an environment made for tests: nothing of the person who runs them leaks in."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

for name in (
    "DEBUG",
    "DEMO",
    "EMBEDDED",
    "STAFF_SECOND_FACTOR",
    "EMAIL_HOST",
    "MEDIA_ROOT",
    "METRICS_TOKEN",
    "TRUSTED_PROXIES",
    "SITE_NAME",
):
    os.environ[name] = ""
VAR = Path(tempfile.mkdtemp(prefix="site-tests-"))
atexit.register(shutil.rmtree, VAR, ignore_errors=True)
# The runner keeps every core busy. Threads of networks beside that would wait for each other, most of them by spinning.
for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS"):
    os.environ.setdefault(name, "1")
os.environ.update(
    SECRET_KEY="only-for-tests-" * 4,
    ALLOWED_HOSTS="testserver,localhost",
    HTTPS="0",
    VAR_DIR=str(VAR),
    REDIS_URL=f"unix://{VAR}/redis.sock",  # tests/conftest.py starts one there
    DATABASE_URL=os.environ.get("TEST_DATABASE_URL", ""),
    LOG_LEVEL="INFO",
)

from deepfake_site import settings  # noqa: E402
from deepfake_site.settings import *  # noqa: E402, F403

if not os.environ["DATABASE_URL"]:
    settings.DATABASES["default"]["TEST"] = {
        "NAME": str(VAR / "test.sqlite3")
    }  # a file, so that threads race as in real life
# Argon2 is slow by design; one test makes sure that the site uses it.
REAL_PASSWORD_HASHERS = settings.PASSWORD_HASHERS
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# What goes through a real worker is tested on the running site (tests/browser, tests/launcher).
BLIND_PERCENT = DOUBLE_PERCENT = 0  # drawn by a scan's random id: tests that are about them say so
SILENCE_SECONDS = 600  # no heartbeats from threads beside a test's transaction; tests of heartbeats set it
CELERY_TASK_ALWAYS_EAGER = CELERY_TASK_EAGER_PROPAGATES = True
settings.STATIC_ROOT.mkdir(exist_ok=True)
settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
