from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from tqdm import tqdm

from detection.management.cli_errors import command_errors, count
from detection.training import cache
from detection.training.face_dataset import read_parts
from detection.training.image import Plan


class Command(BaseCommand):
    help = "Make a cache of samples for any number of trainings. Run it again to resume, or to make the cache larger."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="where the shards are kept: 90 kB a sample at 160 px")
        parser.add_argument("--faces", type=Path, nargs="+", required=True, help="folders with faces.csv")
        parser.add_argument("--redrawn", type=Path, help="by reconstruct_faces, fit_meshes and swap_faces")
        parser.add_argument("--plan", type=Path, required=True, help="the plan (JSON) whose recipe is drawn")
        parser.add_argument("--part", choices=("train", "validation", "calibration"), default="train")
        parser.add_argument("--samples", type=count, default=100_000)
        parser.add_argument("--workers", type=count, default=1)
        parser.add_argument("--seed", type=int, default=1)

    def handle(self, **options: Any) -> None:
        with command_errors(resumes=True):
            faces = read_parts(options["faces"], [options["part"]], options["redrawn"])[options["part"]]
            plan = cache.CachePlan.for_faces(Plan.read(options["plan"]).recipe, faces, options["part"], options["seed"])
            shards = -(-options["samples"] // (2 * cache.PAIRS))
            with tqdm(total=shards, unit="shard") as bar:
                cache.draw(
                    options["folder"], plan, faces, shards, workers=options["workers"],
                    progress=lambda done: bar.update(done - bar.n),
                )  # fmt: skip
        self.stdout.write(f"{options['folder']} has {shards * 2 * cache.PAIRS} samples for {options['part']}.")
