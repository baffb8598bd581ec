"""Accounts: passwords, sessions, sign-up, and second factors."""

from django.core.exceptions import ImproperlyConfigured

from .. import env
from .installation import DEMO, HTTPS

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "accounts.passwords.CommonWithEndingsValidator"},
    {"NAME": "accounts.passwords.BreachedValidator"},
    {"NAME": "accounts.passwords.SequencesValidator"},
    {"NAME": "accounts.passwords.SiteWordsValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "home"

BREACHED_PASSWORDS = env.text("BREACHED_PASSWORDS")
if BREACHED_PASSWORDS and not BREACHED_PASSWORDS.startswith(("https://", "/")):
    raise ImproperlyConfigured(
        f"BREACHED_PASSWORDS is {BREACHED_PASSWORDS!r}: name a folder by its full path, or https://…"
    )
EVERYONE_SECOND_FACTOR = env.flag("EVERYONE_SECOND_FACTOR")
STAFF_SECOND_FACTOR = EVERYONE_SECOND_FACTOR or env.flag("STAFF_SECOND_FACTOR", default=not DEMO)
ADMIN_EMAIL = env.text("ADMIN_EMAIL")
ADMIN_PASSWORD = env.text("ADMIN_PASSWORD")
ERASURE_GRACE_DAYS = env.whole("ERASURE_GRACE_DAYS", 14)
# Without a request for 14 days (SESSION_COOKIE_AGE) a session ends sooner.
SESSION_DAYS = env.whole("SESSION_DAYS", 30)
DESK_SESSION_HOURS = env.whole("DESK_SESSION_HOURS", 24)
TRUSTED_PROXIES = env.whole("TRUSTED_PROXIES", 0)

ACCOUNT_ADAPTER = "accounts.adapter.Adapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_CHANGE_EMAIL = True
# Only in the browser that the person signed up with; whoever else follows the link signs in first.
ACCOUNT_LOGIN_ON_EMAIL_CONFIRMATION = True
ACCOUNT_SIGNUP_REDIRECT_URL = "scans:new"
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
MFA_TOTP_TOLERANCE = env.whole("TOTP_TOLERANCE", 1)
MFA_FORMS = {
    "login_webauthn": "accounts.passkeys.SignIn",
    "authenticate_webauthn": "accounts.passkeys.SecondFactor",
    "reauthenticate_webauthn": "accounts.passkeys.ProveAgain",
    "add_webauthn": "accounts.passkeys.Add",
}
MFA_RATE_LIMITS = {"webauthn_login": None}
USERSESSIONS_TRACK_ACTIVITY = True
