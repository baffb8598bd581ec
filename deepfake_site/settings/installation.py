"""Where the site stands, and which kind of installation it is. The other modules build on this one."""

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from .. import env

# Before anything imports numpy: its threads wait by spinning, and processes that do so stand in each other's way (forty
# times as slow, four of them on two cores). The networks' threads are ONNX Runtime's own.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

BASE_DIR = Path(__file__).resolve().parents[2]
env.read_file(BASE_DIR / ".env")
VAR_DIR = Path(env.text("VAR_DIR", str(BASE_DIR / "var"))).resolve()
VERSION = (BASE_DIR / "CHANGELOG.md").read_text().split("\n## ", 1)[1].split()[0]

DEBUG = env.flag("DEBUG")
EMBEDDED = env.embedded()
# A database of its own is no demo's, whatever an earlier start on this machine was.
DEMO = not env.text("DATABASE_URL") and (env.flag("DEMO") or (EMBEDDED and (VAR_DIR / "demo").exists()))
HTTPS = env.flag("HTTPS", default=not (DEBUG or EMBEDDED))

SECRET_KEY = env.text("SECRET_KEY")
ALLOWED_HOSTS = env.listing("ALLOWED_HOSTS")
REDIS_URL = env.text("REDIS_URL")
REDIS_SOCKET = env.socket_path(VAR_DIR)

if EMBEDDED or DEBUG:
    SECRET_KEY = SECRET_KEY or env.kept_secret(VAR_DIR / "secret_key")
    ALLOWED_HOSTS = ALLOWED_HOSTS or ["localhost", "127.0.0.1", "[::1]"]
    REDIS_URL = REDIS_URL or f"unix://{REDIS_SOCKET}"
if not SECRET_KEY:
    raise ImproperlyConfigured(
        "SECRET_KEY is not set. Make one with `python -c 'import secrets; print(secrets.token_urlsafe(50))'`,"
        " keep it out of the repository, and set it in the environment (or name a file in SECRET_KEY_FILE)."
        " To try the site on this machine, use `make run`, which needs no settings."
    )
ENCRYPTION_KEYS = env.listing("ENCRYPTION_KEYS") or [SECRET_KEY]
SIGNING_KEYS = env.listing("SIGNING_KEYS") or [SECRET_KEY]
if not ALLOWED_HOSTS:
    raise ImproperlyConfigured(
        "ALLOWED_HOSTS is not set. Set it to the names under which people reach the site,"
        " for example ALLOWED_HOSTS=moderation.example.org."
    )
if not REDIS_URL:
    raise ImproperlyConfigured(
        "REDIS_URL is not set. Web and workers need one Redis that they share,"
        " for example REDIS_URL=redis://redis.internal:6379."
    )
# Where links in mails lead; they are written by a worker, which no request tells the site's address.
_host = f"localhost:{env.whole('PORT', 8000)}" if EMBEDDED or DEBUG else ALLOWED_HOSTS[0].lstrip("*.") or "localhost"
SITE_URL = env.text("SITE_URL", f"{'https' if HTTPS else 'http'}://{_host}").rstrip("/")
if len(SECRET_KEY) < 50:
    raise ImproperlyConfigured("SECRET_KEY is too short: it needs 50 random characters or more.")
