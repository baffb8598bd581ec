"""Language and time."""

from django.utils.translation import gettext_lazy as _

from .installation import BASE_DIR

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("de", _("German"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
USE_I18N = USE_TZ = True
FORMAT_MODULE_PATH = ["deepfake_site.formats"]  # one format for all dates
TIME_ZONE = "UTC"
