from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from detection import mtcnn_export


class Command(BaseCommand):
    help = "Build the three ONNX graphs of the face detector from the weights in the `mtcnn` package."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("out", type=Path, nargs="?", default=mtcnn_export.FOLDER)
        parser.add_argument(
            "--browser", type=Path, help="file for the weights of the smallest network, for the camera page"
        )

    def handle(self, **options: Any) -> None:
        for path in mtcnn_export.export_networks(options["out"]):
            self.stdout.write(f"Wrote {path.name}, {path.stat().st_size} bytes.")
        if options["browser"]:
            options["browser"].write_bytes(mtcnn_export.for_browsers(options["out"]))
