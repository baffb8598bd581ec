from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from detection.management.cli_errors import command_errors, count
from detection.training import image, provenance_log


class Command(BaseCommand):
    help = "Train an image network in PyTorch from caches that draw_cache made. Run it again to resume."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("folder", type=Path, help="where checkpoints and the log are kept")
        parser.add_argument("--cache", type=Path, nargs="+", required=True, help="samples to train on")
        parser.add_argument("--validation", type=Path, nargs="*", default=[], help="samples to check on")
        parser.add_argument("--plan", type=Path, help="a plan (JSON); without one: the folder's")
        parser.add_argument("--init", type=Path, help="to start from: a training's folder, .keras, .pth or MobileNetV2")
        parser.add_argument("--init-licence", default="", help="of those weights, for the card")
        parser.add_argument("--threads", type=count, help="of PyTorch; without it, all cores")

    def handle(self, **options: Any) -> None:
        folder = options["folder"]
        path = options["plan"] or folder / "plan.json"
        if not path.is_file():
            raise CommandError("Give a plan: --plan FILE.")
        if options["init"] and not provenance_log.weights_file(options["init"]).is_file():
            raise CommandError(f"There are no weights in {options['init']}.")
        try:
            import torch

            from detection.training import cached
        except ImportError as error:
            raise CommandError("This needs PyTorch: pip install -r detection/training/requirements.txt.") from error
        if options["threads"]:
            torch.set_num_threads(options["threads"])
        with command_errors(resumes=True):
            plan = image.Plan.read(path)
            with tqdm(total=plan.steps, unit="step") as bar:

                def progress(step: int, figures: dict[str, float]) -> None:
                    bar.update(step - bar.n)
                    postfix = {name: value for name, value in figures.items() if "auc" in name or "false" in name}
                    bar.set_postfix({name: f"{value:.3f}" for name, value in postfix.items()})

                start = {"init": options["init"], "init_licence": options["init_licence"]}
                cached.train(plan, options["cache"], options["validation"], folder, **start, progress=progress)
