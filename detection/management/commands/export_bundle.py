from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from detection.management.cli_errors import command_errors, count, share
from detection.training import export
from detection.training.pseudofakes import GROUPS


class Command(BaseCommand):
    help = "Make a bundle of a trained network: calibrate it, measure it, and write its card."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("run", type=Path, help="folder of the training")
        parser.add_argument("--faces", type=Path, nargs="+", required=True, help="the folders that it was trained on")
        parser.add_argument("--redrawn", type=Path, help="pictures by reconstruct_faces, for the kinds that need them")
        parser.add_argument(
            "--before",
            type=Path,
            nargs="*",
            default=[],
            help="folders of the earlier trainings that this one continued",
        )
        parser.add_argument("--release", default="1", help="the bundle's version")
        parser.add_argument("--bundles", type=Path, default=Path(settings.BUNDLES_DIR))
        parser.add_argument("--each", type=count, default=60, help="samples of each kind to calibrate and measure on")
        parser.add_argument("--false-alarms", type=share, default=0.01, help="share of real files above the cut-offs")
        parser.add_argument("--missed", type=share, default=0.1, help="share of fakes below the cut-offs")
        parser.add_argument(
            "--no-probability", action="store_true", help="the calibration does not hold on other files"
        )
        parser.add_argument(
            "--unclaimed", nargs="*", default=[], choices=GROUPS, help="kinds that it does not detect in other files"
        )
        parser.add_argument(
            "--licence", default="", help="of the bundle (default: MIT, if no fakes by others were used)"
        )
        parser.add_argument("--replace", action="store_true", help="replace a bundle of that name")
        parser.add_argument("--failure", action="append", default=[], help="a known failure, for the card")

    def handle(self, **options: Any) -> None:
        with command_errors():
            bundle = self._release(options).write()
        size = sum(path.stat().st_size for path in bundle.folder.iterdir()) / 2**20
        self.stdout.write(f"Wrote {bundle.label}, {size:.1f} MB.")
        for row in bundle.card["figures"]:
            if "auc" in row:
                self.stdout.write(f"  {row['data']}: AUC {row['auc']:.3f}")

    def _release(self, options: dict[str, Any]) -> export.Release:
        return export.Release(
            run=options["run"],
            root=options["bundles"],
            folders=tuple(options["faces"]),
            version=options["release"],
            redrawn=options["redrawn"],
            before=tuple(options["before"]),
            each=options["each"],
            false_alarms=options["false_alarms"],
            missed=options["missed"],
            holds=not options["no_probability"],
            unclaimed=tuple(options["unclaimed"]),
            licence=options["licence"],
            replace=options["replace"],
            failures=options["failure"],
        )
