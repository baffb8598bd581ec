"""What is written for platforms, read: Procfile, compose.yaml, Dockerfile, .env.example; and commands run bare."""

import json
import os
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings

HOUSE = Path(settings.BASE_DIR)
BARE = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "deepfake_site.settings"}


def example() -> dict[str, str]:
    lines = [line for line in (HOUSE / ".env.example").read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def compose() -> dict[str, Any]:
    said: dict[str, Any] = yaml.safe_load((HOUSE / "compose.yaml").read_text())
    return said


def procfile() -> dict[str, str]:
    return dict(line.split(": ", 1) for line in (HOUSE / "Procfile").read_text().splitlines())


def dockerfile() -> list[str]:
    """Its instructions, a line each."""
    text = re.sub(r"\\\n", "", (HOUSE / "Dockerfile").read_text())
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def commands() -> dict[str, list[str]]:
    """Every command of ours that a platform is told to run, by where it stands."""
    found = {f"Procfile {name}": command for name, command in procfile().items()}
    for name, service in compose()["services"].items():
        if "build" in service and (command := service.get("command")):
            found[f"compose {name}"] = command[2] if command[:2] == ["sh", "-c"] else shlex.join(command)
    render = yaml.safe_load((HOUSE / "render.yaml").read_text())
    found["render"] = next(service for service in render["services"] if service["type"] == "web")["startCommand"]
    found["Dockerfile"] = json.loads(dockerfile()[-1].removeprefix("CMD "))[2]
    return {where: shlex.split(command.removeprefix("exec ")) for where, command in found.items()}


def run(*argv: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        argv, cwd=HOUSE, env={**BARE, **environment}, capture_output=True, text=True, check=False, timeout=60
    )
