"""Judge the public examples with the bundles that are installed, and store what the landing page shows of them."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

import detection
from scans.outcome import examples


class Command(BaseCommand):
    help = "Analyse the public examples with the installed models, and write examples.json for the landing page."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--folder", type=Path, default=examples.FOLDER, help="folder of the examples and of examples.json"
        )

    def handle(self, **options: Any) -> None:
        folder, panel = options["folder"], detection.read_panel(settings.BUNDLES_DIR)
        if not panel.active:
            raise CommandError("No model is installed, so the examples can't be analysed.")
        results = {}
        for source in examples.SOURCES:
            path = folder / source.file
            if not path.is_file():
                raise CommandError(f"{path} is missing.")
            finding = detection.inspect(path, bundles=panel, heatmap=False, check_stability=None)
            finding_dict = finding.to_dict()
            results[source.slug] = examples.public_part(finding_dict)
            if finding_dict["media"]["kind"] == "video":
                worst = finding_dict["worst_frame"] or 0
                still = min(finding.previews, key=lambda preview: abs(preview.frame - worst))
                (folder / f"{source.slug}.jpg").write_bytes(still.jpeg)
            score = "no score" if finding.score is None else f"{finding.score:.3f}"
            self.stdout.write(f"{source.file}: {finding.outcome.value}, {score}")
        written = {"made": timezone.now().date().isoformat(), "version": settings.VERSION, "examples": results}
        (folder / examples.RESULTS).write_text(json.dumps(written, indent=1, ensure_ascii=False) + "\n")
