import csv
from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from django.core.management.base import BaseCommand
from tqdm import tqdm

from detection.management.cli_errors import command_errors, count
from detection.training import whole_films
from detection.training.face_dataset import TrainingError, read_parts
from detection.training.samples import REAL, FacePool
from detection.training.video import Plan

LISTED, COLUMNS = "files.csv", ("file", "label", "manipulation", "group")


class Command(BaseCommand):
    help = "Write short videos of real faces and of generated fakes, with a list for `evaluate`."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("out", type=Path, help="a new folder")
        parser.add_argument("--faces", type=Path, nargs="+", required=True, help="folders with faces.csv")
        parser.add_argument("--clips", type=Path, help="folder of real videos, from which every fourth video is made")
        parser.add_argument("--plan", type=Path, help="make the kinds in this plan.json (default: those of a new plan)")
        parser.add_argument("--kinds", nargs="+", help="make these kinds instead")
        parser.add_argument("--part", choices=("validation", "calibration"), default="validation", help="whose faces")
        parser.add_argument("--each", type=count, default=20, help="number of each kind, and of real ones")
        parser.add_argument("--seed", type=int, default=0)

    def handle(self, **options: Any) -> None:
        out, part = options["out"], options["part"]
        with command_errors():
            recipe = (Plan.read(options["plan"]) if options["plan"] else Plan()).recipe
            if options["kinds"]:
                recipe = replace(recipe, weights=tuple((kind, 1.0) for kind in options["kinds"]))
            cast = FacePool.from_faces(read_parts(options["faces"], [part])[part], recipe)
            real = _real_films(options["clips"]) if options["clips"] else []
            out.mkdir(parents=True)
            chance, written = np.random.default_rng(options["seed"]), []
            cv2.setNumThreads(1)
            to_draw = [(kind, number) for kind, share in recipe.weights if share for number in range(options["each"])]
            for kind, number in tqdm(to_draw, unit="pair"):
                frames = real[number // 4 % len(real)] if real and number % 4 == 3 else None
                frames = frames or whole_films.moving_still(cast, chance)
                pictures = whole_films.pair(frames, kind, cast, recipe, chance)
                quality = int(chance.choice(whole_films.QUALITIES))
                preset = str(chance.choice(whole_films.PRESETS))
                for label, manipulation, frames_of_film in zip((REAL, "fake"), ("", kind), pictures, strict=True):
                    file = f"{label}/{kind}/{number:04}-crf{quality}.mp4"
                    (out / file).parent.mkdir(parents=True, exist_ok=True)
                    whole_films.write(out / file, frames_of_film, quality, preset)
                    written.append((file, label, manipulation, frames[0].person))
            with (out / LISTED).open("w", newline="") as listed:  # last: what was cut off has no list
                csv.writer(listed).writerows([COLUMNS, *written])
        self.stdout.write(f"Wrote {len(written)} films, listed in {out / LISTED}.")


def _real_films(folder: Path) -> list[Any]:
    films = [frames for path in whole_films.real_films(folder) if (frames := whole_films.beginning(path))]
    if not films:
        raise TrainingError(f"No film in {folder} shows a face in its first {whole_films.FRAMES} frames.")
    return films
