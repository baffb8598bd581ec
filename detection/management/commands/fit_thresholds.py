from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from detection import panel as panels
from detection.management.cli_errors import command_errors, share
from detection.training import evaluation, threshold_fitting


class Command(BaseCommand):
    help = "Fit the panel's thresholds to its scores of labelled files, from `evaluate --scores`."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("scores", type=Path, nargs="+", help="CSVs of the panel's scores")
        parser.add_argument(
            "--false-alarms", type=share, default=0.01, help="share of real files above the upper threshold"
        )
        parser.add_argument("--missed", type=share, default=0.2, help="share of fakes below the lower threshold")
        parser.add_argument("--bundles", type=Path, default=Path(settings.BUNDLES_DIR), help="folder of bundles")
        parser.add_argument("--write", action="store_true", help="write them to the panel's policy")

    def handle(self, **options: Any) -> None:
        with command_errors():
            rows = [row for path in options["scores"] for row in evaluation.read(path)]
            panel = panels.read_panel(options["bundles"])
            fitted = threshold_fitting.fit_thresholds(
                rows, panel, false_alarms=options["false_alarms"], missed=options["missed"]
            )
            if options["write"]:
                low, high = fitted.cuts.little_below, fitted.cuts.manipulated_above
                panels.write_policy(options["bundles"], cuts={"little_below": low, "manipulated_above": high})
        self.stdout.write(
            f"little_below {fitted.cuts.little_below}, manipulated_above {fitted.cuts.manipulated_above}: of "
            f"{fitted.reals} real ones {fitted.alarms} lie above, of {fitted.fakes} fakes {fitted.missed} below."
        )
        if options["write"]:
            self.stdout.write(f"Written to {options['bundles'] / panels.POLICY}.")
