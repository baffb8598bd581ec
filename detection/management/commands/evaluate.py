import json
from argparse import ArgumentParser
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from detection.limits import Limits
from detection.management.cli_errors import command_errors, count
from detection.panel import Panel, Weight, read_panel
from detection.training import datasets, evaluation


class Command(BaseCommand):
    help = "Evaluate the whole pipeline on labelled files, with intervals."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", type=Path, help="real/ and fake/ in a folder or an archive, or a CSV")
        parser.add_argument("--bundle", help="only this bundle (name or name/version; default: the panel)")
        parser.add_argument("--bundles", type=Path, default=Path(settings.BUNDLES_DIR), help="folder of bundles")
        parser.add_argument("--scores", type=Path, help="CSV for the scores; an existing one is resumed")
        parser.add_argument("--limit", type=count, default=0, help="number of files per label, evenly spread")
        parser.add_argument(
            "--part",
            choices=("train", "validation", "test", "all"),
            help="part of a set with official splits (default: test, or all without splits)",
        )
        parser.add_argument(
            "--every-bundle", action="store_true", help="also run bundles that the panel does not use (for fit_panel)"
        )
        parser.add_argument(
            "--seconds", type=count, default=int(Limits().wall_seconds), help="time limit for each file"
        )
        parser.add_argument("--json", action="store_true")

    def handle(self, **options: Any) -> None:
        panel = _panel(read_panel(options["bundles"]), options["bundle"])
        if not panel.active:
            raise CommandError(f"There is no bundle in {options['bundles']}.")
        with command_errors(resumes=options["scores"] is not None), datasets.items(options["source"]) as files:
            if not files:
                raise CommandError(f"{options['source'].name} has neither real/ and fake/ nor another known layout.")
            part = options["part"] or ("test" if any(item.part == "test" for item in files) else "all")
            in_part = [item for item in files if part in (item.part, "all")]
            if not in_part:
                raise CommandError(f"{options['source'].name} has no files for {part}.")
            chosen = _spread(in_part, options["limit"])
            finished = evaluation.read_finished(options["scores"], files, panel)
            with tqdm(total=len(chosen), unit="file") as bar:

                def show_progress(done: int, left: int) -> None:
                    bar.n = len(chosen) - left + done
                    bar.refresh()

                limits = Limits(wall_seconds=options["seconds"])
                rows = evaluation.run(
                    chosen, panel, limits, rows=finished, out=options["scores"], progress=show_progress,
                    every_bundle=options["every_bundle"],
                )  # fmt: skip
        left = Counter(item.part or "not said" for item in files if part not in (item.part, "all"))
        context = {"source": options["source"].name, "part": part, "left_out": dict(left), "panel": panel.to_dict()}
        report = {
            **context,
            "judged_by": {bundle.label: bundle.judging_sha256 for bundle, _ in panel.active},
            **evaluation.summary(rows),
        }
        if options["json"]:
            self.stdout.write(json.dumps(report))
            return
        for name, value in report.items():
            self.stdout.write(f"{name}: {json.dumps(value)}")


def _panel(panel: Panel, name: str | None) -> Panel:
    if not name:
        return panel
    members = tuple((bundle, Weight.TRUST) for bundle, _ in panel.members if name in (bundle.name, bundle.label))
    if not members:
        raise CommandError(f"There is no bundle {name}.")
    return replace(panel, members=members, broken=(), cuts=None, fusion={})


def _spread(files: list[datasets.LabelledFile], limit: int) -> list[datasets.LabelledFile]:
    if not limit:
        return files
    chosen = []
    for fake in (False, True):
        of_label = [item for item in files if item.fake is fake]
        chosen += [of_label[at * len(of_label) // limit] for at in range(limit)] if len(of_label) > limit else of_label
    return chosen
