import csv
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from django.core.management.base import BaseCommand
from tqdm import tqdm

from detection.management.cli_errors import command_errors, count
from detection.training import samples
from detection.training.face_dataset import TrainingError, read_parts
from detection.training.image import Plan
from detection.training.samples import REAL, FacePool, Recipe

LISTED, COLUMNS = "files.csv", ("file", "label", "manipulation", "group")


class Command(BaseCommand):
    help = "Write photographs of real faces and generated fakes, with a list for `evaluate`."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("out", type=Path, help="a new folder")
        parser.add_argument("--faces", type=Path, nargs="+", required=True, help="folders with faces.csv")
        parser.add_argument("--redrawn", type=Path, help="pictures by reconstruct_faces, for the kinds that need them")
        parser.add_argument(
            "--plan", type=Path, nargs="+", help="plan.json files with the recipes (default: the built-in one)"
        )
        parser.add_argument("--part", choices=("validation", "calibration"), default="validation", help="whose faces")
        parser.add_argument(
            "--each", type=count, default=20, help="number of fakes per kind, and of real ones beside them"
        )
        parser.add_argument("--seed", type=int, default=0)

    def handle(self, **options: Any) -> None:
        out, part = options["out"], options["part"]
        with command_errors():
            plans = [Plan.read(path) for path in options["plan"] or ()]
            recipes = {plan.name: plan.recipe for plan in plans} or {"new": Recipe()}
            if len(recipes) < len(plans):
                raise TrainingError(
                    "Two plans have the same name. The files of one would overwrite those of the other."
                )
            faces = read_parts(options["faces"], [part], options["redrawn"])[part]
            casts = {name: FacePool.from_faces(faces, recipe) for name, recipe in recipes.items()}
            out.mkdir(parents=True)
            chance, drawn = np.random.default_rng(options["seed"]), []
            cv2.setNumThreads(1)
            to_draw = [
                (name, kind, number)
                for name, recipe in recipes.items()
                for kind, share in recipe.weights
                if share
                for number in range(options["each"])
            ]
            for name, kind, number in tqdm(to_draw, unit="pair"):
                for kind_or_real in (REAL, kind):
                    pixels, person = samples.photograph(casts[name], recipes[name], chance, kind_or_real)
                    label, manipulation = (REAL, "") if kind_or_real == REAL else ("fake", kind)
                    file = f"{label}/{kind}/{name}-{number:04}.png"
                    (out / file).parent.mkdir(parents=True, exist_ok=True)
                    if not cv2.imwrite(str(out / file), pixels[..., ::-1]):
                        raise OSError(f"{out / file} can't be written. Is the disk full?")
                    drawn.append((file, label, manipulation, person))
            with (out / LISTED).open("w", newline="") as listed:  # written last, so that an interrupted run has none
                csv.writer(listed).writerows([COLUMNS, *drawn])
        self.stdout.write(f"Wrote {len(drawn)} photographs, listed in {out / LISTED}.")
