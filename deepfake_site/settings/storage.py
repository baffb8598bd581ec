"""Database, files, and static files."""

import re
from pathlib import Path
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from .. import env
from .installation import BASE_DIR, DEBUG, VAR_DIR

DATABASE_URL = env.text("DATABASE_URL")
if DATABASE_URL:
    try:
        DATABASES = {"default": dj_database_url.parse(DATABASE_URL, conn_max_age=60, conn_health_checks=True)}
    except ValueError as error:
        raise ImproperlyConfigured(
            "DATABASE_URL can't be read. Write it like postgresql://user:password@host:5432/name,"
            " with %40 for an @ in the password; or leave it out to use SQLite."
        ) from error
else:
    DATABASES = {
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": str(VAR_DIR / "db.sqlite3"),
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                # Writers queue for the lock instead of failing half-way through a transaction.
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
            },
        }
    }

MEDIA_ROOT = Path(env.text("MEDIA_ROOT", str(VAR_DIR / "media")))
FILE_UPLOAD_HANDLERS = ["scans.web.uploads.StraightToDisk"]  # hashes and limits while the file comes in
AUDIT_ANCHOR_DIR = Path(env.text("AUDIT_ANCHOR_DIR", str(VAR_DIR / "anchors")))
AUDIT_ANCHOR_MAIL = env.listing("AUDIT_ANCHOR_MAIL")
BUNDLES_DIR = Path(env.text("BUNDLES_DIR", str(BASE_DIR / "ml_models")))
MAX_UPLOAD_MB = env.whole("MAX_UPLOAD_MB", 500)
QUOTA_MB = env.whole("QUOTA_MB", 10_000)  # of files that one person may keep; 0: as much as they like
ANALYSIS_SECONDS = env.whole("ANALYSIS_SECONDS", 300)  # then a file is given up
DECODER_SANDBOX = env.flag("DECODER_SANDBOX", True)  # decode files in processes that can do nothing else
SILENCE_SECONDS = env.whole("SILENCE_SECONDS", 15)  # of a worker, until its scan is taken from it
CLAMD = env.text("CLAMD")
if CLAMD and not re.fullmatch(r"/.+|\S+:\d{1,5}", CLAMD):
    raise ImproperlyConfigured(
        f"CLAMD is {CLAMD!r}: name a socket by its full path, or host:port, such as clamav:3310."
    )
MIN_FREE_DISK_MB = env.whole("MIN_FREE_DISK_MB", 1024)

X_ACCEL = env.flag("X_ACCEL")  # behind nginx, which then sends private files itself (see deploy/nginx.conf)

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
WHITENOISE_USE_FINDERS = DEBUG
# Media in an object store: handed out by addresses that are signed for a person and end after minutes.
S3_BUCKET = env.text("S3_BUCKET")
S3_ENDPOINT = env.text("S3_ENDPOINT")
S3_REGION = env.text("S3_REGION", "us-east-1")
S3_ORIGIN = (S3_ENDPOINT or f"https://{S3_BUCKET}.s3.{S3_REGION}.amazonaws.com") if S3_BUCKET else ""
S3 = {
    "bucket_name": S3_BUCKET,
    "endpoint_url": S3_ENDPOINT or None,
    "region_name": S3_REGION,
    "access_key": env.text("S3_ACCESS_KEY") or None,  # without: whatever the machine's role gives
    "secret_key": env.text("S3_SECRET_KEY") or None,
    "signature_version": "s3v4",
    "addressing_style": "path" if S3_ENDPOINT else "virtual",
    "querystring_expire": 300,
    "default_acl": None,
    "file_overwrite": False,
}
STORAGES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": S3}
    if S3_BUCKET
    else {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
