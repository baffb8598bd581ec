import hashlib
import shutil
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from detection.panel import POLICY

MARK = ".shipped"  # the digest of what was copied here


class Command(BaseCommand):
    help = (
        "Copy the bundles of this release to BUNDLES_DIR, if that is another folder. Bundles that the site has "
        "changed (promote_bundle, fit_thresholds, add_bundle) are left as they are."
    )
    requires_system_checks = ()

    def handle(self, **options: Any) -> None:
        shipped, target = Path(settings.BASE_DIR) / "ml_models", Path(settings.BUNDLES_DIR)
        if target.resolve() == shipped.resolve():
            return
        target.mkdir(parents=True, exist_ok=True)
        # The policy is copied last, so a folder without it is one whose copying broke off.
        if not (target / POLICY).is_file():
            _copy(shipped, target)
            self.stdout.write(f"Copied the bundles to {target}.")
        elif _digest(target) == _digest(shipped):
            return
        elif (mark := target / MARK).is_file() and mark.read_text() == _digest(target):
            _copy(shipped, target)
            self.stdout.write(f"Replaced the bundles in {target} with those of this release.")
        else:
            self.stdout.write(
                f"{target} has bundles of this site's own, so it stays as it is. To take one from this release, run "
                f"promote_bundle with its folder in {shipped}."
            )


def _copy(shipped: Path, target: Path) -> None:
    (target / POLICY).unlink(missing_ok=True)
    for old in target.iterdir():
        shutil.rmtree(old) if old.is_dir() else old.unlink()
    shutil.copytree(shipped, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns(POLICY, ".*"))
    (target / MARK).write_text(_digest(shipped))
    shutil.copyfile(shipped / POLICY, target / POLICY)


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder)
        if not name.parts[0].startswith("."):
            digest.update(f"{name}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
