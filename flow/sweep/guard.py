"""A process that outlives a killed sweep just long enough to end everything the sweep started.

Synthesis jobs run in sessions of their own, so that killing a sweep, even with its whole process group, would leave
them running. ``python -m flow.sweep.guard`` holds a pipe to the sweep. It names a folder for temporary files, which the
sweep and a token in the environment hand to every process below it. When the pipe closes, because the sweep is done or
dead, every process with that token is killed and the folder removed. Processes are looked up in ``/proc``: where there
is none only the folder is removed.
"""

import os
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

TOKEN = "BITLINE_SWEEP"

_QUIET_ROUNDS = 3
_PAUSE_S = 0.05
# Ends by itself with the last process that uses it, and cleans up after them.
_TRACKER = b"multiprocessing.resource_tracker"


def main() -> None:
    """Wait for the end of the standard input, then clean up after the processes with the token given."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the sweep decides
    token = sys.argv[1]
    folder = tempfile.mkdtemp(prefix="bitline-sweep-")
    print(folder, flush=True)
    sys.stdin.read()
    _end_all(f"{TOKEN}={token}".encode())
    shutil.rmtree(folder, ignore_errors=True)


def _end_all(mark: bytes) -> None:
    """Kill until none is left: a process that was being started appears a moment later."""
    quiet = 0
    while quiet < _QUIET_ROUNDS:
        found = list(_marked(mark))
        for process in found:
            with suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)
        quiet = 0 if found else quiet + 1
        time.sleep(_PAUSE_S)


def _marked(mark: bytes) -> Iterator[int]:
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # another user's, or gone by now
            if mark in (folder / "environ").read_bytes().split(b"\0") and not _spared(folder):
                yield int(folder.name)


def _spared(folder: Path) -> bool:
    ended = (folder / "stat").read_bytes().rpartition(b")")[2].split()[0] == b"Z"
    return ended or _TRACKER in (folder / "cmdline").read_bytes()


if __name__ == "__main__":
    main()
