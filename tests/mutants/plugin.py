"""Runs mutants inside one session of pytest: whatever takes long to load and to set up is there once for all.

First the tests run on the code as it is, and it is written down which test enters which function. Then each mutant gets
a fork of this process. There the changed function takes the place of the original, and the tests that enter it run
until one fails. No file is changed. Tests that commit to the database are left out: the forks share it.
"""

import importlib
import os
import signal
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.db import connections

from . import operators
from .patching import patch

BASE = Path(__file__).resolve().parent.parent.parent
EQUIVALENT = Path(__file__).with_name("equivalent.txt")
BROKEN = 70
SECONDS = 240  # of one mutant: a loop that never ends counts as noticed


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("mutants")
    group.addoption("--mutate")
    group.addoption("--mutate-inside", action="append", default=[])
    group.addoption("--mutants-sample", type=int)
    group.addoption("--mutants-seed", type=int, default=1)
    group.addoption("--mutants-minutes", type=float)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items[:] = [item for item in items if not commits(item)]


def commits(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("django_db")
    fixtures = set(getattr(item, "fixturenames", ()))
    return bool(marker and marker.kwargs.get("transaction")) or bool(fixtures & {"transactional_db", "live_server"})


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool:
    options, module = session.config.option, session.config.option.mutate
    reporter: Any = session.config.pluginmanager.get_plugin("terminalreporter")
    write = reporter.write_line
    entered = baseline(session, str(BASE / module))
    if in_a_fork(session, module, None, entered) != "survived":
        pytest.exit("The tests fail in a fork without a mutant", 1)
    mutants = operators.mutants_of(BASE, module, options.mutants_seed)
    if options.mutate_inside:
        mutants = [m for m in mutants if operators.place_of(BASE / module, m.line) in options.mutate_inside]
    chosen = operators.draw(mutants, options.mutants_sample, options.mutants_seed)
    counts: Counter[str] = Counter({"not run": len(mutants) - len(chosen)})
    justified = {block[:3] for block in read_equivalent()}
    end = time.monotonic() + options.mutants_minutes * 60 if options.mutants_minutes else float("inf")
    for mutant in chosen:
        if time.monotonic() > end:
            counts["not run"] += 1
            continue
        source = mutant.source()
        if source is None:
            counts["not valid"] += 1
            continue
        before, after = operators.difference(mutant.original, source)
        if (module, before, after) in justified:
            counts["justified"] += 1
            continue
        outcome = in_a_fork(session, module, source, entered)
        counts[outcome] += 1
        if outcome in ("survived", "without a test"):
            write(f"  {outcome}: {module}:{mutant.line} {mutant.operator}\n    - {before}\n    + {after}")
    counts["mutants"] = sum(counts.values()) - counts["not valid"]
    names = ("mutants", "killed", "timed out", "survived", "without a test", "justified", "at import", "not run")
    write(f"{module}: {', '.join(f'{counts[name]} {name}' for name in names)}")
    session.testsfailed = counts["survived"] + counts["without a test"]
    return True


def baseline(session: pytest.Session, file: str) -> dict[tuple[str, int], list[pytest.Item]]:
    """Run the tests on the code as it is. Which tests enter which function of the module, by its name and line."""
    entered: dict[tuple[str, int], list[pytest.Item]] = {}
    now: set[tuple[str, int]] = set()

    def trace(frame: Any, _event: str, _argument: Any) -> None:
        if frame.f_code.co_filename == file:
            now.add((frame.f_code.co_qualname, frame.f_code.co_firstlineno))

    for item in session.items:
        now.clear()
        sys.settrace(trace)
        run(item)
        sys.settrace(None)
        if session.testsfailed:
            pytest.exit(f"{item.nodeid} fails without a mutant", 1)
        for function in now:
            entered.setdefault(function, []).append(item)
    entered["*", 0] = list(session.items)
    return entered


def run(item: pytest.Item) -> None:
    """What was set up for the whole session stays for the next."""
    following: Any = SimpleNamespace(listchain=lambda: [item.session])
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)


def in_a_fork(session: pytest.Session, module: str, source: str | None, entered: Any) -> str:
    connections.close_all()
    child = os.fork()
    if child == 0:
        code = 70
        try:
            os.setpgid(0, 0)
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
            name = module.removesuffix(".py").replace("/", ".")
            changed = [("*", 0)] if source is None else patch(importlib.import_module(name), source)
            items = list(dict.fromkeys(item for function in changed for item in entered.get(function, [])))
            code = 2 if not changed else 3 if not items else 0
            session.testsfailed = 0
            for item in items:
                run(item)
                if session.testsfailed:
                    code = 1
                    break
        except BaseException:
            (BASE / "var").mkdir(exist_ok=True)
            (BASE / "var" / "mutants.log").write_text(traceback.format_exc())
            code = BROKEN
        finally:
            os._exit(code)
    deadline = time.monotonic() + SECONDS
    while True:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            if code == BROKEN:
                pytest.exit("This command itself failed: see var/mutants.log", 1)
            return {0: "survived", 2: "at import", 3: "without a test"}.get(code, "killed")
        if time.monotonic() > deadline:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return "timed out"
        time.sleep(0.01)


def read_equivalent() -> list[tuple[str, str, str, str]]:
    """Mutants that no test can notice: blocks of the module, the lines before, the lines after, and why."""
    blocks = [block.splitlines() for block in EQUIVALENT.read_text().strip().split("\n\n")[1:]]
    return [(module, before[2:], after[2:], " ".join(why)) for module, before, after, *why in blocks]
