"""How the settings read the environment: typed, loud, and one `.env` file for those who like files."""

import contextlib
import hashlib
import os
import secrets
import tempfile
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

ENVIRONMENT, FILE, SECRET_FILE, DEFAULT = "environment", "file", "secret file", "default"
_in_file: dict[str, str] = {}

CONFIGURED_BY = ("DEBUG", "SECRET_KEY", "ALLOWED_HOSTS", "REDIS_URL", "DATABASE_URL")


def read_file(path: Path) -> None:
    """Take NAME=value lines from `path` for every name that the environment doesn't set itself."""
    if not path.is_file():
        return
    for number, line in enumerate(path.read_text().splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        name, equals, value = line.partition("=")
        if not equals:
            raise ImproperlyConfigured(f"{path.name}, line {number}: write NAME=value, or start the line with #.")
        _in_file[name.strip()] = value.strip().strip("\"'")
        os.environ.setdefault(name.strip(), _in_file[name.strip()])


def source_of(name: str) -> str:
    """Where the value of a setting comes from."""
    if os.environ.get(f"{name}_FILE"):
        return SECRET_FILE
    value = os.environ.get(name, "").strip()
    if not value:
        return DEFAULT
    # Processes that others started find the file's values in their environment.
    return FILE if _in_file.get(name) == value else ENVIRONMENT


def text(name: str, default: str = "") -> str:
    """The variable; or what stands in the file that NAME_FILE names, as container secrets do it."""
    if file := os.environ.get(f"{name}_FILE"):
        try:
            return Path(file).read_text().strip()
        except OSError as error:
            raise ImproperlyConfigured(f"{name}_FILE names {file}, which can't be read: {error.strerror}.") from error
    return os.environ.get(name, "").strip() or default


def flag(name: str, default: bool = False) -> bool:
    value = text(name).lower()
    if value in ("1", "true", "yes", "on"):
        return True
    if value in ("0", "false", "no", "off"):
        return False
    if value:
        raise ImproperlyConfigured(f"{name} is {value!r}: say 1 or 0.")
    return default


def whole(name: str, default: int) -> int:
    value = text(name)
    try:
        return int(value) if value else default
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} is {value!r}: say a whole number, such as {default}.") from error


def listing(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def numbers(name: str) -> dict[str, int]:
    """Pairs such as `failed=7,little_evidence=30`."""
    pairs = [part.partition("=") for part in listing(name)]
    try:
        return {key.strip(): int(value) for key, _equals, value in pairs}
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} can't be read: say pairs of a name and a whole number, a=1,b=2.") from error


def embedded() -> bool:
    """Whether missing pieces are made up, privately, on this machine.

    Only `manage.py` ever asks for it: always for `up`, else when nothing at all is configured.
    """
    value = text("EMBEDDED")
    if value == "auto":
        return not any(text(name) for name in CONFIGURED_BY)
    return flag("EMBEDDED")


def kept_secret(path: Path) -> str:
    """A random secret that is made once and kept in a file that only its owner reads."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            with tempfile.NamedTemporaryFile("w", dir=path.parent) as draft:  # mode 0600
                draft.write(secrets.token_urlsafe(50))
                draft.flush()
                with contextlib.suppress(FileExistsError):  # another process was first: its secret counts
                    os.link(draft.name, path)
        return path.read_text().strip()
    except OSError as error:
        raise ImproperlyConfigured(
            f"{path.parent} can't be written to ({error.strerror}). Set VAR_DIR to a folder of yours."
        ) from error


def socket_path(folder: Path) -> Path:
    """Where a unix socket for `folder` can live: the system allows about 100 bytes for its path."""
    inside = folder / "redis" / "redis.sock"
    if len(os.fsencode(inside)) < 100:
        return inside
    mark = hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]
    return Path(tempfile.gettempdir()) / f"deepfake-site-{os.getuid()}-{mark}" / "redis.sock"
