from argparse import ArgumentParser
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from django.core.management.base import BaseCommand
from tqdm import tqdm

from detection import bundle as bundles
from detection import runtime
from detection.management.cli_errors import command_errors, count
from detection.metrics import auc, auc_interval
from detection.training import pseudofakes, samples
from detection.training.face_dataset import TrainingError, read_parts
from detection.training.image import Plan


class Command(BaseCommand):
    help = "Print how well a bundle distinguishes each kind of fake from its real original, on crops of new people."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("bundle", type=Path, help="folder of an image bundle with its plan.json")
        parser.add_argument("--faces", type=Path, nargs="+", required=True, help="folders with faces.csv")
        parser.add_argument("--redrawn", type=Path, help="by reconstruct_faces, fit_meshes and swap_faces")
        parser.add_argument("--kinds", nargs="+", choices=list(pseudofakes.KINDS), help="(default: a new plan's)")
        parser.add_argument("--part", choices=("validation", "calibration"), default="validation", help="whose faces")
        parser.add_argument("--each", type=count, default=100, help="pairs of each kind")
        parser.add_argument("--seed", type=int, default=0)

    def handle(self, **options: Any) -> None:
        cv2.setNumThreads(1)
        with command_errors():
            bundle = bundles.read_bundle(options["bundle"])
            if bundle.kind != "image":
                raise TrainingError(f"{bundle.name} judges films. This command takes a bundle for images.")
            recipe = Plan.read(options["bundle"] / "plan.json").recipe
            kinds = options["kinds"] or [kind for kind, _ in samples.Recipe().weights]
            recipe = replace(recipe, paired=True, weights=tuple((kind, 1.0) for kind in kinds))
            faces = read_parts(options["faces"], [options["part"]], options["redrawn"])[options["part"]]
            cast = samples.FacePool.from_faces(faces, recipe)
        run = runtime.runner(bundle)
        self.stdout.write(f"{bundle.label}, {options['each']} pairs of each kind, seed {options['seed']}")
        for kind in kinds:
            chance = np.random.default_rng(options["seed"])
            single = replace(recipe, weights=((kind, 1.0),))
            drawn = [
                sample
                for _ in tqdm(range(options["each"]), desc=kind, leave=False, disable=None)
                for sample in samples.pair(cast, single, chance)
            ]
            scores = run.raw(np.stack([sample.pixels for sample in drawn]))["score"].reshape(-1)
            fake = np.array([sample.fake for sample in drawn])
            low, high = auc_interval(scores, fake)
            self.stdout.write(f"{kind:20} AUC {auc(scores, fake):.3f} ({low:.3f} to {high:.3f})")
