"""What is known of every cell library: whether it is found, where, how large and how fast its gates are."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path

from flow.libraries.characterize import fo4_ps
from flow.libraries.finding import checked, located
from flow.libraries.library import Library, load
from flow.libraries.reading import read_file
from flow.libraries.sources import SOURCES, UNKNOWN_LICENCE, Source


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One library. Where ``problem`` is not None it cannot be used, and that says why; ``remedy`` would bring it.

    Areas are in um2. ``fo4_ps`` is the delay of ``inverter`` driving four of its kind. ``corner`` is the name of the
    operating conditions, ``process`` 1.0 where they are typical.
    """

    name: str
    found: bool
    problem: str | None
    remedy: str
    licence: str
    paths: tuple[str, ...] = ()
    cells: int | None = None
    nand2_um2: float | None = None
    flip_flop_um2: float | None = None
    inverter: str | None = None
    fo4_ps: float | None = None
    corner: str | None = None
    voltage_v: float | None = None
    temperature_c: float | None = None
    process: float | None = None


def survey(liberty: Sequence[Path] = ()) -> list[Listed]:
    """Every library known by name, then the files in ``liberty`` that belong to none of them, as one library.

    ``liberty`` (files and folders) is searched first, then what is installed.

    :raises ValueError: a path in ``liberty`` does not exist, or its files that belong to no known library make none.
    """
    checked(liberty)
    listed = [_listed(name, source, liberty) for name, source in SOURCES.items()]
    taken = {path for each in listed for path in each.paths}
    own = [path for path in liberty if path.is_file() and str(path) not in taken]
    return [*listed, *([_own(own)] if own else [])]


def _listed(name: str, source: Source, liberty: Sequence[Path]) -> Listed:
    entry = Listed(name=name, found=False, problem=None, remedy=source.remedy, licence=source.licence)
    try:
        paths = located(name, source, liberty, also_installed=True)
    except ValueError as error:
        return replace(entry, problem=str(error))
    entry = replace(entry, found=True, paths=tuple(map(str, paths)))
    try:
        return _described(entry, load(name, paths, source))
    except (ValueError, RuntimeError) as error:
        return replace(entry, problem=str(error))


def _own(paths: Sequence[Path]) -> Listed:
    """The user's own library, by the name that its first file gives it."""
    name = read_file(paths[0]).liberty.title
    library = load(name, paths, Source())
    entry = Listed(name=name, found=True, problem=None, remedy="", licence=_licence(name))
    return _described(replace(entry, paths=tuple(map(str, paths))), library)


def _licence(title: str) -> str:
    """That of the known library which calls itself so, whatever its file is called."""
    known = (each for each in SOURCES.values() if any(fnmatchcase(title, pattern) for pattern in each.titles))
    return next((each.licence for each in known), UNKNOWN_LICENCE)


def _described(entry: Listed, library: Library) -> Listed:
    return replace(
        entry,
        cells=len(library.cells),
        nand2_um2=library.nand2_um2,
        flip_flop_um2=library.flip_flop_um2,
        inverter=library.inverter,
        fo4_ps=fo4_ps(library),
        corner=library.corner,
        voltage_v=library.voltage_v,
        temperature_c=library.temperature_c,
        process=library.process,
    )
