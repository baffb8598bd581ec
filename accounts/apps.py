from django.apps import AppConfig
from django.db.models.signals import m2m_changed, post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("People")

    def ready(self) -> None:
        from . import personal, roles, sign_ins  # noqa: F401 (its receivers)
        from .models import User

        personal.holders.append(personal.account)
        post_migrate.connect(roles.fill_groups)
        m2m_changed.connect(roles.keep_desk_flag, sender=User.groups.through)
