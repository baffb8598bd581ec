import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from detection import panel as panels
from detection.fusion import Medium
from detection.management.cli_errors import command_errors
from detection.training import evaluation, kind_fitting

WHOLE = ("decoded", "whole_rebuilt", "generated", "given", "reconstructed")  # own kinds that change all of a picture


class Command(BaseCommand):
    help = (
        "Fit what tells generated faces from altered ones in photos, to stored scores of fakes "
        "(`evaluate --every-bundle --scores`). It is measured on other files, and used only from an AUC of 0.7 on."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        for name, words in (
            ("generated", "with generated faces, to fit to"),
            ("altered", "with swapped, re-enacted or retouched faces, to fit to"),
            ("check-generated", "with generated faces from other sources, to measure on"),
            ("check-altered", "with altered faces from other sources, to measure on"),
        ):
            parser.add_argument(
                f"--{name}", type=Path, nargs="+", required=True, metavar="CSV", help=f"scores of files {words}"
            )
        parser.add_argument("--models", nargs="+", required=True, help="bundles whose scores tell the kinds apart")
        parser.add_argument("--bundles", type=Path, default=Path(settings.BUNDLES_DIR), help="folder of bundles")
        parser.add_argument("--write", action="store_true", help="write the result to the panel's policy")

    def handle(self, **options: Any) -> None:
        with command_errors():
            panel = panels.read_panel(options["bundles"])
            labels = [bundle.label for bundle, _ in panel.members if bundle.name in options["models"]]
            if len(labels) != len(options["models"]):
                raise CommandError(f"Not all of these are installed: {', '.join(options['models'])}.")
            rows = {
                name: [r for path in options[name] for r in evaluation.read(path) if r.manipulation not in skipped]
                for name, skipped in (
                    ("generated", ()), ("altered", WHOLE), ("check_generated", ()), ("check_altered", ()),
                )
            }  # fmt: skip
            rule = kind_fitting.fit(
                kind_fitting.faces_of(rows["generated"], rows["altered"], labels),
                kind_fitting.faces_of(rows["check_generated"], rows["check_altered"], labels),
                labels,
            )
            written = {"weights": dict(rule.weights), "offset": rule.offset, "measured": dict(rule.measured)}
            self.stdout.write(json.dumps(written))
            if options["write"]:
                panels.write_policy(options["bundles"], kinds={Medium.PHOTO.value: written})
                self.stdout.write(f"Written to {options['bundles'] / panels.POLICY}.")
