"""The site's name, and its mails."""

from .. import env
from .installation import VAR_DIR

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
