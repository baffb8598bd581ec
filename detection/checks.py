"""Django's system checks: are there bundles to judge with?"""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core import checks


@checks.register("bundles")
def bundles_are_there(app_configs: Any, **kwargs: Any) -> list[checks.CheckMessage]:
    folder = Path(settings.BUNDLES_DIR)
    if any(folder.glob("*/bundle.json")):
        return []
    return [
        checks.Warning(
            f"No model bundle is installed under {folder.name}/.",
            hint="Train one or add one; until then uploads can't be judged.",
            id="detection.W001",
        )
    ]
