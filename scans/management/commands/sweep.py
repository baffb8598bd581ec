"""Delete files that no row knows of. The site does it by itself, a part of them every hour."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from scans.storage import sweeping


class Command(BaseCommand):
    help = "Delete files of interrupted uploads and analyses. The site does this every day."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only list the files")

    def handle(self, *args: Any, **options: Any) -> None:
        names = sweeping.sweep(dry_run=options["dry_run"])
        for name in names:
            self.stdout.write(name)
        self.stdout.write(f"{len(names)} files {'would be' if options['dry_run'] else ''} deleted".replace("  ", " "))
