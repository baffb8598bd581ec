from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from detection.management.cli_errors import command_errors
from detection.training import clips, demo, video
from detection.training.face_dataset import read_parts
from detection.training.samples import NothingRedrawn


class Command(BaseCommand):
    help = "Train a video network on pseudo-films, over an image network's embeddings. Started again, it goes on."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="where films, head and log are kept")
        parser.add_argument("--faces", type=Path, nargs="+", help="folders with faces.csv")
        parser.add_argument("--demo", action="store_true", help="something tiny, in a minute, to see that it works")
        parser.add_argument("--plan", type=Path, help="a plan (JSON); without one: the folder's, or the default")
        parser.add_argument(
            "--image",
            type=Path,
            help="the image network, a .keras file (default: the shipped image-blend's; with --demo: a tiny one)",
        )
        parser.add_argument("--clips", type=Path, help="folder of real films to make fakes of beside the stills")

    def handle(self, **options: Any) -> None:
        folder = options["folder"]
        plan_file = options["plan"] or (folder / "plan.json" if (folder / "plan.json").is_file() else None)
        with command_errors():
            plan = video.Plan.read(plan_file) if plan_file else video.Plan.demo() if options["demo"] else video.Plan()
        source = demo.make(folder / "faces") if options["demo"] else options["faces"]
        if source is None:
            raise CommandError("Say which faces to train on: --faces FOLDER, or --demo.")
        stretches = tuple(clips.read_stretches(options["clips"])) if options["clips"] else ()
        if options["clips"] and not stretches:
            raise CommandError(f"There is no film with a face that stays where it is in {options['clips']}.")
        shipped = Path(settings.BUNDLES_DIR) / "image-blend" / "model.keras"
        network = options["image"] or (demo.network(folder) if options["demo"] else shipped)
        with tqdm(unit="") as bar:

            def show_progress(what: str, done: int, of: int) -> None:
                bar.set_description(what)
                bar.n, bar.total = done, of
                bar.refresh()

            with command_errors(goes_on=True):
                faces = read_parts(source, ("train", "validation"))
                try:
                    video.train(plan, faces, folder, network, stretches=stretches, progress=show_progress)
                except NothingRedrawn as error:  # there is no --redrawn to say
                    raise CommandError("Films are made of stills that no generator drew again.") from error
        self.stdout.write((folder / "log.csv").read_text())
