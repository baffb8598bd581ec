import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from scans.evidence import anchoring, chain, sealing


class Command(BaseCommand):
    help = "Verify every row of the audit chain. Prints the first broken row and exits with 1, if there is one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--anchors", type=Path, metavar="FILE", help="file with anchors (default: the one of this site)"
        )
        parser.add_argument("--seal", action="store_true", help="seal the latest events first")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, **options: Any) -> None:
        if options["seal"]:
            sealing.seal()
        result = chain.verify(anchoring.read_file(options["anchors"]))
        if options["json"]:
            names = ("rows", "problem", "position", "event", "seconds", "unsealed", "oldest_unsealed_seconds")
            report = {name: getattr(result, name) for name in (*names, "missing_guards", "anchors")}
            self.stdout.write(json.dumps({"whole": result.whole, **report}))
        else:
            self._tell(result)
        if not result.whole:
            raise SystemExit(1)

    def _tell(self, result: chain.Verification) -> None:
        speed = f"{result.rows / max(result.seconds, 1e-9):,.0f} rows a second"
        self.stdout.write(
            f"{result.rows} rows and {result.anchors} anchors checked in {result.seconds:.1f} s ({speed})."
        )
        if result.unsealed:
            self.stdout.write(
                f"{result.unsealed} events are not sealed yet, the oldest for {result.oldest_unsealed_seconds:.0f} s: "
                "they are not protected yet."
            )
        for name in result.missing_guards:
            self.stdout.write(f"The trigger {name} is missing. Run `manage.py migrate` to restore it.")
        if result.whole:
            self.stdout.write("The chain is complete.")
        else:
            event = f", event {result.event}" if result.event is not None else ""
            self.stdout.write(f"BROKEN at position {result.position}{event}: {result.sentence}")
