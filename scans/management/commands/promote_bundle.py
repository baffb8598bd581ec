from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from detection import BadBundle
from scans.learning import promotion
from scans.models.learning import refusal_in_words


class Command(BaseCommand):
    help = (
        "Put a bundle into the panel, unless it repeats a mistake that an appeal has corrected, or distinguishes the "
        "decided files of this site worse than the current panel."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("bundle", type=Path, help="the bundle's folder")
        parser.add_argument("--weight", choices=["trust", "include", "ignore"], default="include")
        parser.add_argument("--dry-run", action="store_true", help="only compare it; do not change the panel")

    def handle(self, **options: Any) -> None:
        candidate, bundles = options["bundle"], Path(settings.BUNDLES_DIR)
        try:
            trial = promotion.rehearse(candidate, bundles, options["weight"], self.stdout.write)
        except BadBundle as error:
            raise CommandError(f"{error}\n{error.detail}".strip()) from error
        if trial.then is None:
            self.stdout.write(f"Too few decided files to compare by AUC: {promotion.FEW} of each kind are needed.")
        else:
            self.stdout.write(f"AUC {trial.now:.3f} now, {trial.then:.3f} with the candidate.")
        if trial.refusals:
            raise CommandError(
                "Not promoted:\n" + "\n".join(f"- {refusal_in_words(reason)}" for reason in trial.refusals)
            )
        if options["dry_run"]:
            self.stdout.write("This bundle would be promoted.")
            return
        promotion.install(candidate, bundles, options["weight"])
        self.stdout.write(f"Promoted: {candidate.name} is in the panel as “{options['weight']}”.")
