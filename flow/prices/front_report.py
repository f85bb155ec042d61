"""An area-delay front as JSON and as a plot."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from io import BytesIO
from pathlib import Path

from flow.prices.price import CONDITIONS
from flow.synthesis.front import Front
from gen.cache import replace_file

_GENERATOR = "bitline"


def write_front(front: Front, folder: Path) -> tuple[Path, Path]:
    """Write ``DESIGN_front.json`` and ``DESIGN_front.png`` to ``folder``; returns both paths.

    Areas are in um2 and NAND2 equivalents, delays in ps. Earlier files of the same name are replaced when bitline wrote
    them.

    :raises ValueError: the folder cannot be written, or holds a file of that name that is not bitline's.
    """
    table, plot = front_files(front.design, folder)
    record = {"generator": _GENERATOR, **asdict(front), "conditions": CONDITIONS}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        replace_file(plot, _drawn(front))
        replace_file(table, (json.dumps(record, indent=2) + "\n").encode())
    except OSError as error:
        raise ValueError(f"cannot write to {folder}: {error.strerror}") from error
    return table, plot


def front_files(design: str, folder: Path) -> tuple[Path, Path]:
    """Where `write_front` writes; asked before a front is measured, it spares the work that could not be written.

    :raises ValueError: ``folder`` is a file, or holds a file of that name that is not bitline's.
    """
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"cannot write to {folder}: it is a file, not a folder")
    table, plot = (folder / f"{design}_front.{kind}" for kind in ("json", "png"))
    _refuse_foreign(table, plot)
    return table, plot


def front_text(front: Front, files: Iterable[Path]) -> str:
    """The netlists on the front, and the files that were written, for a terminal."""
    rows = [
        f"  {point.delay_ps:8,.0f} ps  {point.area_um2:12,.1f} um2  {point.recipe}"
        + (f", target {point.target_ps:,} ps" if point.target_ps else "")
        for point in front.points
        if point.on_front
    ]
    written = ", ".join(map(str, files))
    return "\n".join([f"area-delay front, {len(front.points)} netlists tried: {written}", *rows])


def _refuse_foreign(table: Path, plot: Path) -> None:
    if not (table.exists() or plot.exists()):
        return
    try:
        ours = json.loads(table.read_text())["generator"] == _GENERATOR
    except (OSError, ValueError, KeyError, TypeError):
        ours = False
    if not ours:
        raise ValueError(f"{table.parent} holds a {table.stem} that bitline did not write; choose another folder")


def _drawn(front: Front) -> bytes:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 4.5), layout="constrained")
    axes = figure.subplots()
    best = [point for point in front.points if point.on_front]
    rest = [point for point in front.points if not point.on_front]
    axes.plot([p.delay_ps for p in rest], [p.area_um2 for p in rest], ".", color="0.7", label="other netlists")
    axes.step([p.delay_ps for p in best], [p.area_um2 for p in best], "o-", where="post", markersize=4, label="front")
    for point, name in _first_of_each(front):
        axes.annotate(name, point, xytext=(2, 5), textcoords="offset points", fontsize=7, rotation=45)
    axes.set_xlabel("longest combinational path (ps), ABC")
    axes.set_ylabel("area (um$^2$)")
    axes.margins(x=0.14)
    axes.set_ylim(0, 1.15 * max((point.area_um2 for point in front.points), default=1.0))
    axes.set_title(f"{front.design} on {front.library}: {CONDITIONS}", fontsize=10)
    axes.legend(loc="upper right")
    axes.grid(alpha=0.3)
    drawn = BytesIO()
    figure.savefig(drawn, format="png", dpi=150, metadata={"Software": None})
    return drawn.getvalue()


def _first_of_each(front: Front) -> list[tuple[tuple[float, float], str]]:
    """The fastest point of each recipe on the front, with the recipe's name: naming every point would hide them."""
    named: dict[str, tuple[float, float]] = {}
    for point in front.points:
        if point.on_front:
            named.setdefault(point.recipe, (point.delay_ps, point.area_um2))
    return [(place, recipe) for recipe, place in named.items()]
