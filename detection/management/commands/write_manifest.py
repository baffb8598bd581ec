from argparse import ArgumentParser
from collections import Counter
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from detection.management.cli_errors import command_errors
from detection.panel import read_panel
from detection.training import licence_manifest


class Command(BaseCommand):
    help = "List every crop that bundles were trained on: source, address, licence, how it is known, digest."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("out", type=Path, help="the manifest, CSV packed by gzip: ml_models/training-data.csv.gz")
        parser.add_argument("--faces", type=Path, nargs="+", required=True, help="folders with faces.csv")
        parser.add_argument("--bundles", type=Path, default=Path(settings.BUNDLES_DIR), help="folder of bundles")

    def handle(self, **options: Any) -> None:
        with command_errors():
            bundles = [bundle for bundle, _ in read_panel(options["bundles"]).members]
            manifest = licence_manifest.build(options["faces"], bundles)
        licence_manifest.write(manifest.rows, options["out"])
        counts = Counter(row["known"] for row in manifest.rows)
        self.stdout.write(f"{len(manifest.rows)} crops: " + ", ".join(f"{n} {how}" for how, n in counts.items()))
        for label in manifest.unmatched:
            self.stdout.write(f"{label}: no combination of these folders has the digest of faces that is on its card.")
        for label in manifest.by_count:
            self.stdout.write(f"{label}: as many crops of each licence as on its card, but the digest differs.")
