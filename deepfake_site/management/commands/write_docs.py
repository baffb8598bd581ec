from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from deepfake_site import reference


class Command(BaseCommand):
    help = "Update the generated parts of README.md and docs/, and the list of the settings' texts to translate."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="only list pages that are out of date")

    def handle(self, **options: Any) -> None:
        stale = []
        for path, now in reference.generated_files():
            if now != (path.read_text() if path.exists() else ""):
                stale.append(str(path.relative_to(reference.ROOT)))
                if not options["check"]:
                    path.write_text(now)
        if options["check"] and stale:
            raise CommandError(f"Out of date: {', '.join(stale)}. Run `manage.py write_docs`.")
        for name in stale:
            self.stdout.write(f"Updated {name}")
