"""All settings, in one file. Every variable is described in .env.example."""

import os
from pathlib import Path
from typing import Any

import dj_database_url
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from . import env, logs, redis_address

# Before anything imports numpy: its threads wait by spinning, and processes that do so stand in each other's way (forty
# times as slow, four of them on two cores). The networks' threads are ONNX Runtime's own.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

BASE_DIR = Path(__file__).resolve().parent.parent
env.read_file(BASE_DIR / ".env")
VAR_DIR = Path(env.text("VAR_DIR", str(BASE_DIR / "var"))).resolve()
VERSION = (BASE_DIR / "CHANGELOG.md").read_text().split("\n## ", 1)[1].split()[0]

# -- Which kind of installation this is ------------------------------------------------------------

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

# -- Applications -----------------------------------------------------------------------------------

INSTALLED_APPS = [
    "deepfake_site",
    "accounts",
    "scans",
    "detection",
    "deepfake_site.apps.DeskConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
]

MIDDLEWARE = [
    "deepfake_site.logs.RequestLog",
    "deepfake_site.metrics.RequestMetrics",
    "deepfake_site.probes.Probes",
    "django.middleware.security.SecurityMiddleware",
    "deepfake_site.errors.Refusals",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.preferences.Preferences",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "accounts.throttle.Throttle",
    "accounts.gate.Gate",
    # After the gate: it reads the form, and nobody's file is read who may not send one.
    "django.middleware.csrf.CsrfViewMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.presence.Presence",
]

ROOT_URLCONF = "deepfake_site.urls"
WSGI_APPLICATION = "deepfake_site.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.debug",
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "deepfake_site.pages.site",
            ],
        },
    },
]

# -- Where things are kept --------------------------------------------------------------------------

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

# -- Redis: cache, rate limits, Celery -----------------------------------------------------------------

_redis = redis_address.read(REDIS_URL, env.text("SENTINEL_PASSWORD"))
CACHES = {
    "default": {"BACKEND": "django_redis.cache.RedisCache", "KEY_PREFIX": "site", **_redis.cache(1)},
}
CELERY_BROKER_URL = _redis.broker_url(0)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "queue_order_strategy": "priority",
    "visibility_timeout": 3600,
    "socket_connect_timeout": 2,
    "socket_timeout": 10,
    **_redis.broker_options(),
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
QUEUES = {"analysis": ("live", "batch", "rerun"), "post": ("post",), "webhooks": ("webhooks",)}  # worker: what it takes
CELERY_TASK_DEFAULT_QUEUE = "post"
CELERY_TASK_PUBLISH_RETRY_POLICY = {"max_retries": 1, "interval_start": 0, "interval_step": 0.2}
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULER = "deepfake_site.beat:OnceScheduler"
CELERY_BEAT_SCHEDULE: dict[str, dict[str, Any]] = {
    "forget old sessions": {"task": "accounts.tasks.forget_sessions", "schedule": 24 * 3600},
    "erase people whose time has come": {"task": "accounts.tasks.erase_due", "schedule": 3600},
    "forget uploads that broke off": {"task": "scans.tasks.forget_unfinished", "schedule": 3600},
    "delete for good what is in the trash": {"task": "scans.tasks.purge_trash", "schedule": 600},
    "delete what the retention rules let go": {"task": "scans.tasks.purge_by_rules", "schedule": 3600},
    "take up scans whose worker died": {"task": "scans.tasks.rescue", "schedule": 5},
    "judge again what lacked a model": {"task": "scans.tasks.complete_all", "schedule": 60},
    "tell people what was decided": {"task": "scans.tasks.tell_settled", "schedule": 30},
    "tell programs what has changed": {"task": "scans.tasks.publish", "schedule": 5},
    "seal what happened": {"task": "scans.tasks.seal", "schedule": 5},
    "anchor and check the audit chain": {"task": "scans.tasks.anchor_chain", "schedule": 3600},
}
for _entry in CELERY_BEAT_SCHEDULE.values():  # while no worker takes them, they don't pile up
    _entry["options"] = {"expires": _entry["schedule"]}

# -- People -----------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "accounts.passwords.SiteWordsValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"

STAFF_SECOND_FACTOR = env.flag("STAFF_SECOND_FACTOR", default=not DEMO)
ADMIN_EMAIL = env.text("ADMIN_EMAIL")
ADMIN_PASSWORD = env.text("ADMIN_PASSWORD")
ERASURE_GRACE_DAYS = env.whole("ERASURE_GRACE_DAYS", 14)
# Without a request for 14 days (SESSION_COOKIE_AGE) a session ends sooner.
SESSION_DAYS = env.whole("SESSION_DAYS", 30)
DESK_SESSION_HOURS = env.whole("DESK_SESSION_HOURS", 24)
TRUSTED_PROXIES = env.whole("TRUSTED_PROXIES", 0)
APPEAL_DAYS = env.whole("APPEAL_DAYS", 184)
TRASH_DAYS = env.whole("TRASH_DAYS", 7)
RETENTION_DAYS = env.numbers("RETENTION_DAYS")  # none named: files are kept until somebody deletes them
TRANSPARENCY_PUBLIC = env.flag("TRANSPARENCY_PUBLIC", default=True)
TRANSPARENCY_MIN_COUNT = env.whole("TRANSPARENCY_MIN_COUNT", 5)
if TRANSPARENCY_MIN_COUNT < 5:
    raise ImproperlyConfigured("TRANSPARENCY_MIN_COUNT is too small: counts below 5 may give a person away.")
SETTLE_SECONDS = env.whole("SETTLE_SECONDS", 300)
BLIND_PERCENT = env.whole("BLIND_PERCENT", 5)
API_WAITERS = env.whole("API_WAITERS", 4)
SCANS_URL_FETCH = env.flag("SCANS_URL_FETCH")
REVERSE_SEARCH = [name.lower() for name in env.listing("REVERSE_SEARCH")]
PRIVATE_TARGETS = env.listing("PRIVATE_TARGETS")
TARGET_PORTS = env.listing("TARGET_PORTS") or ["80", "443", "1024-65535"]
WEBHOOK_PATIENCE_DAYS = env.whole("WEBHOOK_PATIENCE_DAYS", 5)
DOUBLE_PERCENT = env.whole("DOUBLE_PERCENT", 5)
REST_AFTER = env.whole("REST_AFTER", 40)
REST_MINUTES = env.whole("REST_MINUTES", 10)
# A POST to a view of an app above accounts counts as an attempt of this kind.
GUARDED = {
    **dict.fromkeys(("scans:new", "scans:batches", "scans:camera", "scans:tus", "scans:live_keep"), "upload"),
    **dict.fromkeys(("scans:live", "scans:live_picture"), "live"),
}
COUNTED_ELSEWHERE = ("api:",)  # by key instead of address: scans/api/limits.py
# Attempts per period; see accounts/throttle.py for what each one guards.
LIMITS: dict[str, dict[str, Any]] = {
    "sign-in": {"account": env.text("LIMIT_SIGN_IN", "10/5m"), "address": env.text("LIMIT_SIGN_IN_ADDRESS", "30/5m")},
    "sign-up": {"account": env.text("LIMIT_SIGN_UP", "5/1h"), "address": env.text("LIMIT_SIGN_UP_ADDRESS", "20/1h")},
    "reset": {"account": env.text("LIMIT_RESET", "5/1h"), "address": env.text("LIMIT_RESET_ADDRESS", "20/1h")},
    "upload": {
        "visitor": {
            "": env.text("LIMIT_UPLOAD", "5/1m"),
            **dict(entry.split("=", 1) for entry in env.listing("LIMIT_UPLOAD_BY_ROLE")),
        }
    },
    "live": {"visitor": env.text("LIMIT_LIVE", "90/1m")},
    "review": {"visitor": env.text("LIMIT_REVIEW", "120/1m")},
    "webhook_test": {"visitor": env.text("LIMIT_WEBHOOK_TEST", "10/1m")},
    "read": {"visitor": env.text("LIMIT_READ", "600/1m")},
}

ACCOUNT_ADAPTER = "accounts.adapter.Adapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_CHANGE_EMAIL = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 15 * 60
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_SESSION_REMEMBER = None
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_DEFAULT_HTTP_PROTOCOL = "https" if HTTPS else "http"
# accounts/throttle.py guards these with django-ratelimit; allauth keeps guarding the rest.
ACCOUNT_RATE_LIMITS = {
    "login": None,
    "login_failed": None,
    "signup": None,
    "reset_password": None,
    "reset_password_from_key": None,
    "reauthenticate": None,
}
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXIES
MFA_ADAPTER = "accounts.second_factors.Adapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not HTTPS
MFA_TOTP_ISSUER = env.text("SITE_NAME", "Deepfake moderation")
MFA_TOTP_TOLERANCE = 1
MFA_FORMS = {
    "login_webauthn": "accounts.passkeys.SignIn",
    "authenticate_webauthn": "accounts.passkeys.SecondFactor",
    "reauthenticate_webauthn": "accounts.passkeys.ProveAgain",
    "add_webauthn": "accounts.passkeys.Add",
}
MFA_RATE_LIMITS = {"webauthn_login": None}
USERSESSIONS_TRACK_ACTIVITY = True

# -- Mail -------------------------------------------------------------------------------------------

SITE_NAME = env.text("SITE_NAME", "Deepfake moderation")
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.text("MAIL_FROM", f"{SITE_NAME} <no-reply@localhost>")
CONTACT_EMAIL = env.text("CONTACT_EMAIL")  # shown on /contact/; without these two there is no such page
CONTACT_URL = env.text("CONTACT_URL")
EMAIL_HOST = env.text("EMAIL_HOST")
EMAIL_PORT = env.whole("EMAIL_PORT", 587)
EMAIL_HOST_USER = env.text("EMAIL_USER")
EMAIL_HOST_PASSWORD = env.text("EMAIL_PASSWORD")
EMAIL_USE_SSL = EMAIL_PORT == 465
EMAIL_USE_TLS = not EMAIL_USE_SSL and env.flag("EMAIL_TLS", default=True)
EMAIL_TIMEOUT = 20
EMAIL_FILE_PATH = VAR_DIR / "mail"
EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend" if EMAIL_HOST else "deepfake_site.mail_files.EmailBackend"

# -- Language and time --------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = USE_TZ = True
FORMAT_MODULE_PATH = ["deepfake_site.formats"]  # one format for all dates
TIME_ZONE = "UTC"

# -- Safety -----------------------------------------------------------------------------------------

SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXIES else None
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
_OWN_HOST = "__Host-" if HTTPS else ""  # browsers take such a cookie from this very host only, and over TLS only
SESSION_COOKIE_NAME = f"{_OWN_HOST}session"
CSRF_COOKIE_NAME = f"{_OWN_HOST}csrf"
LANGUAGE_COOKIE_NAME = f"{_OWN_HOST}django_language"
THEME_COOKIE_NAME = f"{_OWN_HOST}theme"
LIBRARY_VIEW_COOKIE_NAME = f"{_OWN_HOST}library_view"
# Not in a cookie: messages may name files and people.
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"
CSRF_TRUSTED_ORIGINS = env.listing("TRUSTED_ORIGINS")
CSRF_FAILURE_VIEW = "deepfake_site.errors.csrf_failure"
ERROR_PAGE = "deepfake_site.errors.page"  # how apps below the site show an error
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
MAX_REQUEST_MB = env.whole("MAX_REQUEST_MB", 512)
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, NONCE],
        "img-src": [SELF, "data:", "blob:", *filter(None, [S3_ORIGIN])],
        "media-src": [SELF, "blob:", *filter(None, [S3_ORIGIN])],
        "connect-src": [SELF],
        "font-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    }
}
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.bearer.ApiKeyAuthentication",
        "rest_framework.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["scans.api.negotiation.BoundedJson", "rest_framework.parsers.MultiPartParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "scans.api.negotiation.AlwaysJson",
    "EXCEPTION_HANDLER": "deepfake_site.errors.problem",
    "DEFAULT_SCHEMA_CLASS": "scans.api.documentation.Schema",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Deepfake moderation",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "COMPONENT_SPLIT_REQUEST": True,
    "COMPONENT_NO_READ_ONLY_REQUIRED": True,
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": ["scans.api.documentation.finished"],
    "AUTHENTICATION_WHITELIST": ["accounts.bearer.ApiKeyAuthentication"],
}

# -- Being watched ------------------------------------------------------------------------------------

METRICS_TOKEN = env.text("METRICS_TOKEN")
LOG_LEVEL = env.text("LOG_LEVEL", "INFO").upper()
LOGGING_CONFIG = None
logs.set_up(level=LOG_LEVEL, readable=env.flag("LOG_READABLE", default=DEBUG))
