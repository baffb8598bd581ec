"""Writes what is encrypted anew, with the first of ENCRYPTION_KEYS: afterwards the others can go."""

from typing import Any

from django.core.management import BaseCommand, CommandError

from accounts import second_factors
from scans.models import Endpoint


class Command(BaseCommand):
    help = "Encrypt the secrets of webhooks and second factors again, with the first key in ENCRYPTION_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        unreadable = 0
        count = 0
        for endpoint in Endpoint.objects.iterator():
            if not endpoint.secrets():
                unreadable += 1
                continue
            endpoint.save(update_fields=["secret", "old_secret"])
            count += 1
        factors, unreadable_factors = second_factors.encrypt_anew()
        unreadable += unreadable_factors
        self.stdout.write(f"{count} endpoints and {factors} second factors encrypted again.")
        if unreadable:
            raise CommandError(
                f"{unreadable} could not be decrypted with any key in ENCRYPTION_KEYS and were not changed."
            )
