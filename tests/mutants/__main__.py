"""`make mutants`: change one thing in the code, run the tests that should notice, and print what none noticed."""

import argparse
import subprocess
import sys
from pathlib import Path

from .modules import MODULES

BASE = Path(__file__).resolve().parent.parent.parent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="+", default=list(MODULES), metavar="MODULE", help=", ".join(MODULES))
    parser.add_argument("--inside", nargs="+", default=[], metavar="NAME", help="only in these functions and tables")
    parser.add_argument("--sample", type=int, help="draw so many of each module's mutants")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, help="for each module: begin no further mutant after so long")
    options = parser.parse_args()
    if unknown := set(options.only) - set(MODULES):
        parser.error(f"{', '.join(sorted(unknown))}: choose from {', '.join(MODULES)}")
    codes = []
    for module in options.only:
        arguments = ["--mutate", module, "--mutants-seed", str(options.seed)]
        for name in options.inside:
            arguments += ["--mutate-inside", name]
        for name in ("sample", "minutes"):
            if value := getattr(options, name):
                arguments += [f"--mutants-{name}", str(value)]
        command = [sys.executable, "-m", "pytest", "-p", "tests.mutants.plugin", "-p", "no:randomly", "-q", "-rN"]
        command += ["--no-header", "-o", "timeout=0", "--strict-markers", *arguments, *MODULES[module]]
        codes.append(subprocess.run(command, cwd=BASE, check=False).returncode)
    sys.exit(max(codes, default=0))


main()
