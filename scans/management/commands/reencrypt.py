"""Writes what is encrypted anew, with the first of ENCRYPTION_KEYS: afterwards the others can go."""

from typing import Any

from django.core.management import BaseCommand, CommandError

from scans.models import Endpoint


class Command(BaseCommand):
    help = "Encrypt the webhooks' secrets anew with the first of ENCRYPTION_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        unreadable = 0
        count = 0
        for endpoint in Endpoint.objects.iterator():
            if not endpoint.secrets():
                unreadable += 1
                continue
            endpoint.save(update_fields=["secret", "old_secret"])
            count += 1
        self.stdout.write(f"{count} endpoints encrypted anew.")
        if unreadable:
            raise CommandError(f"{unreadable} could not be read with any of ENCRYPTION_KEYS and stay as they are.")
