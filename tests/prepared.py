"""What takes long to make and depends on files alone: made once, kept beside pytest's cache, used by every worker."""

import fcntl
import hashlib
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

BASE = Path(__file__).resolve().parent.parent
FOLDER = BASE / ".pytest_cache" / "prepared"


def place(name: str, *sources: str) -> Path:
    """Where it is kept for this state of the files that these patterns name, and of the installed packages."""
    state = hashlib.sha256()
    for path in sorted(path for pattern in (*sources, "constraints.txt") for path in BASE.glob(pattern)):
        state.update(f"{path.relative_to(BASE)}\0".encode() + path.read_bytes())
    return FOLDER / f"{name}-{state.hexdigest()[:20]}"


def prepare(where: Path, make: Callable[[Path], object]) -> Path:
    """The file or folder at `where`; `make` writes it if it is not there. Other workers wait meanwhile."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    name = where.name.rpartition("-")[0]
    with (FOLDER / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not where.exists():
            with tempfile.TemporaryDirectory(dir=FOLDER) as unfinished:
                made = Path(unfinished) / where.name
                make(made)
                for earlier in FOLDER.glob(f"{name}-*"):
                    shutil.rmtree(earlier) if earlier.is_dir() else earlier.unlink()
                made.rename(where)
    return where
