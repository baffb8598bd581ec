"""What the desk's templates need beside Django's own tags for its admin."""

from typing import Any, Final

from django import forms, template

register = template.Library()
# They fill one field from another in Latin letters, which no form here does, and weigh 170 kB.
PREFILLING: Final = ("admin/js/urlify.js", "admin/js/prepopulate.js", "admin/js/vendor/xregexp/xregexp")


@register.filter
def without_prefilling(media: Any) -> forms.Media:
    scripts = [script for script in media._js if not str(script).startswith(PREFILLING)]
    return forms.Media(css=media._css, js=scripts)
