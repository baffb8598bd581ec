"""Django's admin with this site's desk as its front."""

from django.contrib.admin import apps


class DeskConfig(apps.AdminConfig):
    default = False  # of the app that this file lies in
    default_site = "deepfake_site.desk.Desk"
