from django.apps import AppConfig
from django.db.models.signals import post_migrate, post_save
from django.utils.translation import gettext_lazy as _


class ScansConfig(AppConfig):
    name = "scans"
    verbose_name = _("Scans")

    def ready(self) -> None:
        from accounts import audit, personal

        from .evidence import guards, recording, retention

        personal.holders.append(retention.holder)
        post_migrate.connect(guards.set_up, sender=self)
        audit.happened.connect(recording.note_account)
        post_save.connect(recording.note_setting, sender="admin.LogEntry")
