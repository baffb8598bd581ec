"""The wall clock of all processes of a site, which jumps when it is told to. The machine's own clock stays."""

import shutil
import subprocess
import time
from pathlib import Path


class Clock:
    """Works by a small library that is compiled here; `environment` is empty where there is no C compiler."""

    def __init__(self, folder: Path) -> None:
        self.shift = 0
        self.file = folder / "clock-shift"
        self.environment: dict[str, str] = {}
        if compiler := shutil.which("cc"):
            library, source = folder / "clock.so", Path(__file__).with_name("clock.c")
            command = [compiler, "-O2", "-shared", "-fPIC", "-o", str(library), str(source)]
            subprocess.run(command, check=True)
            self.jump_to(0)
            self.environment = {"LD_PRELOAD": str(library), "CLOCK_SHIFT": str(self.file)}

    def jump_to(self, seconds: int) -> None:
        """So far from the true time, at once and in all processes, which have this file in their memory."""
        self.shift = seconds
        with self.file.open("r+b" if self.file.exists() else "wb") as file:
            file.write(seconds.to_bytes(8, "little", signed=True))

    def now(self) -> float:
        return time.time() + self.shift
