import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from deepfake_site import components


class Command(BaseCommand):
    help = "Write a list of all packages, files of others and models with their licences (CycloneDX 1.6, JSON)."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path, help="where to write it")

    def handle(self, **options: Any) -> None:
        bill = components.bill(Path(settings.BUNDLES_DIR))
        options["file"].write_text(json.dumps(bill, indent=2) + "\n")
        unnamed = [each["name"] for each in bill["components"] if not each["licenses"]]
        self.stdout.write(f"Wrote {len(bill['components'])} components to {options['file']}.")
        if unnamed:
            self.stdout.write(f"Without a licence in their metadata, or not installed here: {', '.join(unnamed)}.")
