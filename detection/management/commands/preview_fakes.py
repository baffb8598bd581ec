import time
from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from django.core.management.base import BaseCommand, CommandError

from detection.management.cli_errors import command_errors, count
from detection.training import pseudofakes, samples
from detection.training.face_dataset import read_parts
from detection.training.image import Plan


class Command(BaseCommand):
    help = "Write a sheet of generated fakes, with a row for each kind, to check what a network is trained on."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("out", type=Path, help="the PNG to write")
        parser.add_argument("--faces", type=Path, required=True, help="folder with faces.csv")
        parser.add_argument("--redrawn", type=Path, help="pictures by reconstruct_faces, for the kinds that need them")
        parser.add_argument("--seed", type=int, default=0)
        parser.add_argument("--columns", type=count, default=10)
        parser.add_argument("--size", type=count, default=160)
        parser.add_argument("--plan", type=Path, help="plan.json with the recipe (default: the built-in one)")
        parser.add_argument("--kinds", nargs="+", choices=list(pseudofakes.KINDS), help="only these")
        parser.add_argument("--paired", action="store_true", help="show each fake beside its original")
        parser.add_argument("--time", action="store_true", help="print how long a sample of each kind takes")

    def handle(self, **options: Any) -> None:
        with command_errors():
            recipe = Plan.read(options["plan"]).recipe if options["plan"] else samples.Recipe()
            recipe = replace(recipe, size=options["size"])
            if options["kinds"]:
                recipe = replace(recipe, weights=tuple((kind, 1.0) for kind in options["kinds"]))
            faces = read_parts(options["faces"], ["validation"], options["redrawn"])
            cast = samples.FacePool.from_faces(faces["validation"], recipe)
        chance = np.random.default_rng(options["seed"])
        rows = []
        cv2.setNumThreads(1)
        for kind in (samples.REAL, *(kind for kind, _ in recipe.weights)):
            begun, pictures = time.process_time(), list[Any]()
            for _ in range(options["columns"]):
                if options["paired"] and kind != samples.REAL:
                    single = replace(recipe, weights=((kind, 1.0),))
                    pictures += [sample.pixels for sample in samples.pair(cast, single, chance)]
                else:
                    pictures += [samples.draw(cast, recipe, chance, kind).pixels] * (1 + options["paired"])
            if options["time"]:
                drawn = len(pictures) if kind != samples.REAL else options["columns"]
                self.stdout.write(f"{kind}: {(time.process_time() - begun) / drawn * 1000:.0f} ms a sample")
            row = np.hstack(pictures)
            for colour, thick in (((0, 0, 0), 3), ((255, 255, 0), 1)):
                cv2.putText(row, kind, (4, 14), cv2.FONT_HERSHEY_SIMPLEX, 0.45, colour, thick, cv2.LINE_AA)
            rows.append(row)
        try:
            written = cv2.imwrite(str(options["out"]), np.vstack(rows)[..., ::-1])
        except cv2.error:  # unknown file extension
            written = False
        if not written:
            raise CommandError(
                f"{options['out']} can't be written. Give an existing folder, and a name ending in .png."
            )
        self.stdout.write(f"Wrote {options['out']}.")
