import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from scans.backup import Failed, restore


class Command(BaseCommand):
    help = "Put a backup into an empty installation, and verify that it is equal: rows, hashes of files, audit chain."
    requires_system_checks: list[str] = []
    requires_migrations_checks = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, metavar="DIR")

    def handle(self, **options: Any) -> None:
        began = time.monotonic()
        try:
            saved = restore(options["folder"])
        except Failed as error:
            raise CommandError(str(error)) from error
        rows = sum(saved.rows.values())
        self.stdout.write(
            f"Database: {rows:,} rows in {len(saved.rows)} tables, {saved.rows['scans_scan']:,} scans: equal."
        )
        self.stdout.write(f"Files: {saved.files:,} ({saved.bytes:,} bytes): every SHA-256 is equal.")
        if saved.missing:
            self.stdout.write(f"{len(saved.missing)} files were missing in the backup; backup.json names them.")
        self.stdout.write(f"Audit chain: complete up to position {saved.chain['position']}, and its head is equal.")
        self.stdout.write(f"Restored the backup of {saved.made_at} in {time.monotonic() - began:.1f} s.")
