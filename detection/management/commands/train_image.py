from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from detection.management.cli_errors import command_errors
from detection.training import demo, image, provenance_log
from detection.training.face_dataset import read_parts


class Command(BaseCommand):
    help = "Train an image network on real faces and fakes made of them. An interrupted training is resumed."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="folder for checkpoints and the log")
        parser.add_argument("--faces", type=Path, nargs="+", help="folders with faces.csv")
        parser.add_argument("--redrawn", type=Path, help="pictures by reconstruct_faces, for the kinds that need them")
        parser.add_argument("--demo", action="store_true", help="a tiny training of one minute")
        parser.add_argument(
            "--plan", type=Path, help="settings in JSON (default: those in the folder, else built-in ones)"
        )
        parser.add_argument(
            "--init",
            type=Path,
            help="first weights: a training's folder or .keras file of the same network, or MobileNetV2 without top",
        )
        parser.add_argument("--init-licence", default="", help="licence of those weights, for the card")

    def handle(self, **options: Any) -> None:
        folder = options["folder"]
        plan_file = options["plan"] or (folder / "plan.json" if (folder / "plan.json").is_file() else None)
        with command_errors():
            plan = image.Plan.read(plan_file) if plan_file else image.Plan.demo() if options["demo"] else image.Plan()
        source = demo.make(folder / "faces") if options["demo"] else options["faces"]
        if source is None:
            raise CommandError("Give the faces to train on: --faces FOLDER, or --demo.")
        if options["init"] and not provenance_log.weights_file(options["init"]).is_file():
            raise CommandError(f"There are no weights in {options['init']}.")
        with tqdm(total=plan.steps, unit="step") as bar:

            def show_progress(step: int, figures: dict[str, float]) -> None:
                bar.n = step
                bar.set_postfix({name: f"{value:.3f}" for name, value in figures.items()})
                bar.refresh()

            with command_errors(resumes=True):
                faces = read_parts(source, ("train", "validation"), options["redrawn"])
                start = {"init": options["init"], "init_licence": options["init_licence"]}
                image.train(plan, faces, folder, **start, progress=show_progress)
