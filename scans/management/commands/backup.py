import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from scans.backup import Failed, back_up


class Command(BaseCommand):
    help = "Copy the database and all files into a folder while the site runs. The next run copies only new files."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR")

    def handle(self, **options: Any) -> None:
        began = time.monotonic()
        try:
            made, copied = back_up(options["folder"])
        except Failed as error:
            raise CommandError(str(error)) from error
        rows = sum(made.rows.values())
        self.stdout.write(f"Database: {rows:,} rows in {len(made.rows)} tables, {made.rows['scans_scan']:,} scans.")
        self.stdout.write(f"Files: {made.files:,} ({made.bytes:,} bytes), {copied:,} of them copied now.")
        if made.missing:
            self.stdout.write(f"{len(made.missing)} files were deleted or missing meanwhile; backup.json names them.")
        self.stdout.write(f"Audit chain: up to position {made.chain['position']}, hash {made.chain['hash']}.")
        self.stdout.write(f"Done in {time.monotonic() - began:.1f} s. Keep SECRET_KEY and ENCRYPTION_KEYS elsewhere.")
