from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from detection.management.cli_errors import command_errors
from detection.training import clips, demo, video
from detection.training.face_dataset import read_parts


class Command(BaseCommand):
    help = "Train a video network on generated clips, over the embeddings of an image network. It can be resumed."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="folder for clips, head and log")
        parser.add_argument("--faces", type=Path, nargs="+", help="folders with faces.csv")
        parser.add_argument("--demo", action="store_true", help="a tiny training of one minute")
        parser.add_argument(
            "--plan", type=Path, help="settings in JSON (default: those in the folder, else built-in ones)"
        )
        parser.add_argument(
            "--image",
            type=Path,
            help="the image network, a .keras file (default: that of image-blend; with --demo: a tiny one)",
        )
        parser.add_argument("--redrawn", type=Path, help="what fit_meshes and swap_faces have written")
        parser.add_argument("--clips", type=Path, help="folder of real videos to make fakes of, beside the stills")

    def handle(self, **options: Any) -> None:
        folder = options["folder"]
        plan_file = options["plan"] or (folder / "plan.json" if (folder / "plan.json").is_file() else None)
        with command_errors():
            plan = video.Plan.read(plan_file) if plan_file else video.Plan.demo() if options["demo"] else video.Plan()
        source = demo.make(folder / "faces") if options["demo"] else options["faces"]
        if source is None:
            raise CommandError("Give the faces to train on: --faces FOLDER, or --demo.")
        stretches = tuple(clips.read_stretches(options["clips"])) if options["clips"] else ()
        if options["clips"] and not stretches:
            raise CommandError(f"No video in {options['clips']} has a face that stays in place.")
        shipped = Path(settings.BUNDLES_DIR) / "image-blend" / "model.keras"
        network = options["image"] or (demo.network(folder) if options["demo"] else shipped)
        with tqdm(unit="") as bar:

            def show_progress(what: str, done: int, total: int) -> None:
                bar.set_description(what)
                bar.n, bar.total = done, total
                bar.refresh()

            with command_errors(resumes=True):
                faces = read_parts(source, ("train", "validation"), options["redrawn"])
                video.train(plan, faces, folder, network, stretches=stretches, progress=show_progress)
        self.stdout.write((folder / "log.csv").read_text())
