"""The site's own settings, in an environment made for tests: nothing of the person who runs them leaks in."""

import os
import tempfile
from pathlib import Path

for name in ("DEBUG", "DEMO", "EMBEDDED", "ALLOWED_HOSTS", "EMAIL_HOST", "METRICS_TOKEN", "TRUSTED_PROXIES"):
    os.environ.pop(name, None)
os.environ.update(
    SECRET_KEY="only-for-tests-" * 4,
    ALLOWED_HOSTS="testserver,localhost",
    HTTPS="0",
    VAR_DIR=os.environ.get("TEST_VAR_DIR") or tempfile.mkdtemp(prefix="deepfake-site-tests-"),
    REDIS_URL=os.environ.get("TEST_REDIS_URL") or "redis://localhost:1",
    DATABASE_URL=os.environ.get("TEST_DATABASE_URL", ""),
    LOG_LEVEL="WARNING",
)
Path(os.environ["VAR_DIR"]).mkdir(parents=True, exist_ok=True)

from deepfake_site.settings import *  # noqa: E402, F403

# Argon2 is slow by design; the tests that are about it ask for it.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
