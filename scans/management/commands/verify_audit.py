import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand

from scans.evidence import anchoring, chain, sealing


class Command(BaseCommand):
    help = "Look at every row of the audit chain. Exit code 1 and the first broken row, if there is one."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--anchors", type=Path, metavar="FILE", help="anchors kept elsewhere (default: the file of this machine)"
        )
        parser.add_argument("--seal", action="store_true", help="seal first what was written in the last seconds")
        parser.add_argument("--json", action="store_true", help="for programs")

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
                "of those the chain tells nothing."
            )
        for name in result.missing_guards:
            self.stdout.write(f"The trigger {name} is missing: `manage.py migrate` sets it again.")
        if result.whole:
            self.stdout.write("The chain is whole.")
        else:
            event = f", event {result.event}" if result.event is not None else ""
            self.stdout.write(f"BROKEN at position {result.position}{event}: {result.sentence}")
