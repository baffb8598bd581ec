"""MkDocs: take the model cards, the bundles' page and the change log from where they lie, instead of keeping copies."""

from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parent.parent
MODELS = ROOT / "ml_models"


def on_files(files: Files, config: MkDocsConfig) -> Files:
    for card in sorted(MODELS.glob("*/CARD.md")):
        for path in (card, *card.parent.glob("*.svg")):
            files.append(File.generated(config, f"models/{card.parent.name}/{path.name}", abs_src_path=str(path)))
    elsewhere = {
        "models/bundles.md": MODELS / "README.md",
        "models/LICENSE.mobilenetv2": MODELS / "LICENSE.mobilenetv2",
        "changelog.md": ROOT / "CHANGELOG.md",
    }
    for name, path in elsewhere.items():
        files.append(File.generated(config, name, abs_src_path=str(path)))
    return files
