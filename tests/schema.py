"""The empty SQLite database that tests and their sites begin with: migrated once for each state of the migrations.

The copy stands in for the migrations alone. `migrate` runs on it all the same, finds nothing left to do, and fills
groups and permissions from the code as it is now.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from . import prepared

# What the result of a migration can come from: the migrations, and the models and settings that they import.
SOURCES = ("*/migrations/*.py", "*/models.py", "*/models/*.py", "deepfake_site/settings/*.py")


def copy_database(to: str | Path) -> None:
    shutil.copyfile(prepared.prepare(prepared.place("schema", *SOURCES), _migrate), to)


def _migrate(path: Path) -> None:
    folder = path.parent / "site"
    folder.mkdir()
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0", "--skip-checks"],
        cwd=prepared.BASE,
        env={"PATH": os.environ["PATH"], "EMBEDDED": "1", "VAR_DIR": str(folder)},
        check=True,
    )
    (folder / "db.sqlite3").rename(path)
