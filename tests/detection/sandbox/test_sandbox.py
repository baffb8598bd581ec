"""A decoder that was taken over, crashes, leaks or loops costs one file, and nothing else."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core import checks

from detection.errors import DetectionError, UnsafeToRead
from detection.limits import Clock, Limits
from detection.sandbox.pool import Sandbox
from detection.sandbox.seccomp import can_filter

from .. import files
from . import hostile_jobs

JOBS = "tests.detection.sandbox.hostile_jobs"
SENTENCE = "This file could not be read safely."
FILTER_ONLY = {"open_socket", "open_for_writing", "open_for_reading", "run_program", "fork", "replace_program"}
FILTER_ONLY |= {"signal_parent"}


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox(size=2, jobs=JOBS, files=1000)
    yield sandbox
    sandbox.close()


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.jpg"
    path.write_bytes(files.still("jpeg"))
    return path


def pid_of_a_child(sandbox: Sandbox) -> int:
    with sandbox.child() as child:
        return int(child.ask("look_around", cpu=5, seconds=30)["pid"])


def template_of(sandbox: Sandbox) -> int:
    with sandbox.child() as child:
        return int(child.ask("look_around", cpu=5, seconds=30)["parent"])


def width(sandbox: Sandbox, path: Path) -> int:
    with sandbox.reading(path, Limits(), Clock(60)) as reader:
        return reader.whole().shape[1]


def processes_of(parent: int) -> dict[int, str]:
    """The children of a process, and their states."""
    found = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, its_parent = status.read_text().rpartition(")")[2].split()[:2]
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(its_parent) == parent:
            found[int(status.parent.name)] = state
    return found


def assert_that_operators_are_told() -> None:
    """Of a system that can't filter system calls, which is all that can be tested on one."""
    assert "detection.I001" in {message.id for message in checks.run_checks(tags=["decoding"])}


@pytest.mark.parametrize("job", hostile_jobs.HOSTILE)
def test_whatever_a_decoder_does_its_file_fails_with_a_clear_sentence_and_the_next_one_is_read(
    job: str, sandbox: Sandbox, photo: Path
) -> None:
    if job in FILTER_ONLY and not can_filter():
        assert_that_operators_are_told()
        return
    template = template_of(sandbox)
    with pytest.raises(UnsafeToRead, match=SENTENCE) as refusal, sandbox.child() as child:
        child.ask(job, cpu=1, seconds=3 if job == "hang" else 60)
    assert refusal.value.code == "unsafe_to_read"
    assert refusal.value.detail  # for the log
    assert width(sandbox, photo) == 96
    assert "Z" not in processes_of(template).values()
    assert not Path("/tmp/written-by-a-decoder").exists()


def test_a_loop_is_ended_by_the_limit_on_the_processor(sandbox: Sandbox) -> None:
    with pytest.raises(UnsafeToRead) as refusal, sandbox.child() as child:
        child.ask("loop", cpu=1, seconds=120)
    assert "SIGXCPU" in refusal.value.detail


@pytest.mark.parametrize("job", ["open_socket", "fork", "replace_program"])
def test_a_decoder_that_reaches_for_the_network_or_a_program_is_ended_at_once(job: str, sandbox: Sandbox) -> None:
    if not can_filter():
        assert_that_operators_are_told()
        return
    with pytest.raises(UnsafeToRead) as refusal, sandbox.child() as child:
        child.ask(job, cpu=5, seconds=60)
    assert "SIGSYS" in refusal.value.detail


def test_pixels_outside_of_the_shared_memory_are_not_believed(sandbox: Sandbox) -> None:
    with sandbox.child() as child, pytest.raises(UnsafeToRead, match=SENTENCE):
        child.pixels(child.ask("point_outside", cpu=5, seconds=30))


def test_decoders_may_use_threads(sandbox: Sandbox) -> None:
    with sandbox.child() as child:
        assert child.ask("start_thread", cpu=5, seconds=30) == {"done": [1]}


def test_keys_and_passwords_of_the_environment_are_not_handed_on(sandbox: Sandbox) -> None:
    with sandbox.child() as child:
        given = child.ask("look_around", cpu=5, seconds=30)["environment"]
    assert "SECRET_KEY" in os.environ
    assert "SECRET_KEY" not in given
    assert "REDIS_URL" not in given


def test_a_crash_in_the_middle_of_reading_ends_in_the_clear_sentence(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "crash.jpg"
    path.write_bytes(files.still("jpeg") + hostile_jobs.CRASHES)
    with pytest.raises(UnsafeToRead) as refusal, sandbox.reading(path, Limits(), Clock(60)):
        pass
    assert "SIGABRT" in refusal.value.detail


def test_descriptors_and_processes_do_not_grow_over_200_files(sandbox: Sandbox, photo: Path, tmp_path: Path) -> None:
    crash = tmp_path / "crash.jpg"
    crash.write_bytes(hostile_jobs.CRASHES)
    template = template_of(sandbox)

    def held() -> tuple[int, int, int]:
        open_files = (len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in (os.getpid(), template))
        return (*open_files, len(processes_of(template)))

    width(sandbox, photo)
    before = held()
    for number in range(200):
        if number % 20:
            assert width(sandbox, photo) == 96
        else:
            with pytest.raises(UnsafeToRead):
                width(sandbox, crash)
    assert held() == before


def test_a_process_is_kept_and_replaced_after_so_many_files() -> None:
    sandbox = Sandbox(jobs=JOBS, files=3)
    try:
        pids = [pid_of_a_child(sandbox) for _ in range(6)]
    finally:
        sandbox.close()
    assert pids[:3] == [pids[0]] * 3
    assert pids[3:] == [pids[3]] * 3
    assert pids[0] != pids[3]


def test_closing_leaves_no_process_behind() -> None:
    sandbox = Sandbox(jobs=JOBS)
    child, template = pid_of_a_child(sandbox), template_of(sandbox)
    sandbox.close()
    assert not Path(f"/proc/{child}").exists()
    assert not Path(f"/proc/{template}").exists()


def test_after_its_template_was_killed_the_next_file_is_read(photo: Path) -> None:
    sandbox = Sandbox(jobs=JOBS)
    try:
        template = template_of(sandbox)
        os.kill(template, signal.SIGKILL)
        os.waitid(os.P_PID, template, os.WEXITED | os.WNOWAIT)
        assert width(sandbox, photo) == 96
    finally:
        sandbox.close()


def test_a_forked_process_gets_decoding_processes_of_its_own(sandbox: Sandbox, photo: Path) -> None:
    before = pid_of_a_child(sandbox)
    pid = os.fork()
    if pid == 0:
        right = width(sandbox, photo) == 96 and pid_of_a_child(sandbox) != before
        sandbox.close()
        os._exit(0 if right else 1)
    assert os.waitpid(pid, 0)[1] == 0
    assert pid_of_a_child(sandbox) == before


def test_a_file_broken_off_in_the_middle_leaves_nothing_for_the_next_one(
    sandbox: Sandbox, photo: Path, tmp_path: Path
) -> None:
    film = tmp_path / "film.mp4"
    film.write_bytes(files.film(count=40))
    with sandbox.reading(film, Limits(), Clock(60)) as reader:
        assert next(iter(reader.frames())).pixels.shape == (64, 96, 3)
    assert width(sandbox, photo) == 96


def test_a_refusal_keeps_its_own_code(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "bomb.png"
    path.write_bytes(files.png_of(8_000, 8_000))
    with pytest.raises(DetectionError) as refusal, sandbox.reading(path, Limits(), Clock(60)):
        pass
    assert refusal.value.code == "too_many_pixels"
    assert "8000 × 8000" in str(refusal.value)
