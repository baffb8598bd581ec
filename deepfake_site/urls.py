"""Every address of the site, but for probes.py's. Who may open what stands in accounts/roles.py."""

from allauth.account.decorators import reauthentication_required, secure_admin_login
from allauth.usersessions.views import list_usersessions
from django.conf import settings
from django.contrib import admin
from django.urls import include, path

from accounts.web.views import rules_of_use

from . import pages, public_pages

admin.autodiscover()
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.enable_nav_sidebar = False  # the lists need the width
admin.site.site_header = admin.site.site_title = settings.SITE_NAME

urlpatterns = [
    path("", pages.home, name="home"),
    path("theme/", pages.set_theme, name="theme"),
    path("help/", public_pages.help_page, name="help"),
    path("help/<slug:topic>/", public_pages.help_page, name="help_topic"),
    path("privacy/", public_pages.privacy, name="privacy"),
    path("contact/", public_pages.contact, name="contact"),
    path("status/", public_pages.status, name="status"),
    path("rules/", rules_of_use, name="rules"),
    path("i18n/", include("django.conf.urls.i18n")),
    # Ending sessions asks for the password again. In front of allauth's own, which doesn't.
    path("accounts/sessions/", reauthentication_required(list_usersessions, allow_get=True), name="usersessions_list"),
    path("accounts/", include("allauth.urls")),
    path("profile/", include("accounts.web.urls")),
    path("", include("scans.web.urls")),
    path("api/v1/", include("scans.api.urls")),
    path("admin/", admin.site.urls),
]
if settings.DEBUG:
    urlpatterns += [path("styleguide/", pages.styleguide, name="styleguide")]

handler400 = "deepfake_site.errors.bad_request"
handler403 = "deepfake_site.errors.forbidden"
handler404 = "deepfake_site.errors.not_found"
handler429 = "deepfake_site.errors.too_many"
handler500 = "deepfake_site.errors.broken"
