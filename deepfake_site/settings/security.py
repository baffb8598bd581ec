"""Cookies, headers, and what pages may load."""

from csp.constants import NONCE, NONE, SELF

from .. import env
from .installation import HTTPS
from .people import TRUSTED_PROXIES
from .storage import S3_ORIGIN

SECURE_SSL_REDIRECT = HTTPS
SECURE_REDIRECT_EXEMPT = ["^api/(?!v1/docs)"]  # deepfake_site/errors.py refuses them instead
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
