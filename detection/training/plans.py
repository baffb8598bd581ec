"""The JSON file of a training's settings, which is kept beside the bundle."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

from .face_dataset import TrainingError
from .samples import Recipe

EARLIER_NAMES = {"soft": "blur_share", "aged": "recompression", "hard": "augmentation_share"}


def _with_current_names(recipe: dict[str, Any]) -> dict[str, Any]:
    """Read plans of earlier versions, in which these fields have other names."""
    if twice := [old for old, new in EARLIER_NAMES.items() if old in recipe and new in recipe]:
        raise ValueError(f"the recipe has both {twice[0]} and its present name {EARLIER_NAMES[twice[0]]}")
    return {EARLIER_NAMES.get(name, name): value for name, value in recipe.items()}


class PlanFile:
    """A dataclass of settings that is stored as JSON."""

    __slots__ = ()

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a plan. Raises TrainingError with a sentence about what is wrong."""
        try:
            content = json.loads(path.read_text())
            recipe = _with_current_names(content.pop("recipe", {}))
            if "weights" in recipe:
                recipe["weights"] = tuple((kind, float(share)) for kind, share in recipe["weights"])
            for pair in ("eyes", "recompression"):
                if pair in recipe:
                    recipe[pair] = tuple(float(value) for value in recipe[pair])
            return cls(recipe=Recipe(**recipe), **content)  # type: ignore[call-arg]
        except (TypeError, ValueError, AttributeError) as error:
            raise TrainingError(f"{path} is not a valid plan: {error}") from error

    def check(self, least: dict[str, int]) -> None:
        """Refuse values that are not whole numbers, or too small."""
        for name, low in least.items():
            value = getattr(self, name)
            if not isinstance(value, int) or value < low:
                raise TrainingError(f"{name} is {value!r}, and has to be a whole number of {low} or more")

    def write(self, path: Path) -> None:
        content: dict[str, Any] = asdict(self)  # type: ignore[call-overload]
        path.write_text(json.dumps(content, indent=2) + "\n")
