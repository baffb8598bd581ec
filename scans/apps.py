from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ScansConfig(AppConfig):
    name = "scans"
    verbose_name = _("Scans")

    def ready(self) -> None:
        from accounts import personal

        from .evidence import retention

        personal.holders.append(retention.holder)
