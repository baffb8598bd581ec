import json
import urllib.error
import urllib.request
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from deepfake_site import components

OSV = "https://api.osv.dev/v1/querybatch"
SECONDS = 30


class Command(BaseCommand):
    help = "Ask osv.dev which of the pinned packages have known vulnerabilities. Fails if there are any."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--address", default=OSV, help="another server with the same API")

    def handle(self, **options: Any) -> None:
        packages = list(components.pinned())
        queries = [{"package": {"purl": components.purl(name, version)}} for name, version in packages]
        request = urllib.request.Request(  # noqa: S310 (the operator says where)
            options["address"], json.dumps({"queries": queries}).encode(), {"Content-Type": "application/json"}
        )
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310
                results = json.load(answer)["results"]
        except (urllib.error.URLError, TimeoutError, ValueError, KeyError) as error:
            raise CommandError(
                f"{options['address']} can't be reached, so nothing was checked: {error}", returncode=3
            ) from error
        affected = [
            f"{name} {version}: {', '.join(each['id'] for each in result['vulns'])}"
            for (name, version), result in zip(packages, results, strict=True)
            if result.get("vulns")
        ]
        if affected:
            raise CommandError("Known vulnerabilities:\n  " + "\n  ".join(affected))
        self.stdout.write(f"No known vulnerability in {len(packages)} packages.")
