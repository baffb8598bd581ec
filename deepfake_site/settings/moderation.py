"""Review, retention, transparency, and what the site may fetch or send."""

from django.core.exceptions import ImproperlyConfigured

from .. import env

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
TARGET_HOSTS = [name.lower() for name in env.listing("TARGET_HOSTS")]
WEBHOOK_PATIENCE_DAYS = env.whole("WEBHOOK_PATIENCE_DAYS", 5)
DOUBLE_PERCENT = env.whole("DOUBLE_PERCENT", 5)
REST_AFTER = env.whole("REST_AFTER", 40)
REST_MINUTES = env.whole("REST_MINUTES", 10)
