"""The folder of a sweep: one request, one journal, one run at a time."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from gen.cache import publish

REQUEST, JOURNAL = "sweep.json", "results.jsonl"
_LOCK = ".lock"


@contextmanager
def open_folder(folder: Path, request: Mapping[str, Any]) -> Iterator[Path]:
    """Hold ``folder``, created when absent, for one run of the sweep that ``request`` describes; gives its journal.

    :raises ValueError: the folder cannot be used, holds other files or another sweep, or another run has it.
    """
    _refuse_foreign(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise ValueError(f"cannot write in {folder}: {error.strerror}") from None
    try:
        _take(lock, folder)
        _claim(folder, request)
        yield folder / JOURNAL
    finally:
        os.close(lock)


def _refuse_foreign(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is no folder")
    # A run that was killed as it began leaves hidden files at most.
    others = [path for path in folder.iterdir() if path.name[0] != "."] if folder.is_dir() else []
    if others and not (folder / REQUEST).exists():
        raise ValueError(f"{folder} holds no sweep and is not empty; choose another folder")


def _take(lock: int, folder: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise ValueError(f"another sweep is running in {folder}") from None


def _claim(folder: Path, request: Mapping[str, Any]) -> None:
    """Write the request where there is none; an earlier one is kept, and must be the same."""
    path = folder / REQUEST
    with publish(path) as temporary:
        temporary.write_text(json.dumps(request, indent=2) + "\n")
    try:
        earlier = json.loads(path.read_bytes())
    except ValueError:
        raise ValueError(f"{path} is damaged; choose another folder") from None
    wanted = json.loads(json.dumps(request))
    if earlier != wanted:
        raise ValueError(
            f"{folder} holds a sweep that differs in {_difference(earlier, wanted)}; choose another folder"
        )


def _difference(earlier: Any, wanted: dict[str, Any]) -> str:
    if not isinstance(earlier, dict):
        return "everything"
    names = [name for name in wanted | earlier if earlier.get(name) != wanted.get(name)]
    return ", ".join(names)
