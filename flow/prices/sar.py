"""Areas of the controllers of successive approximation converters, plain and twin-range, by resolution."""

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from flow.libraries import Library
from flow.synthesis import best_of
from flow.synthesis.recipes import AREA_RECIPES
from flow.synthesis.textbook import textbook_ge
from gen.rtl import Rtl, elaborate
from hdl.sar import SarController, TrqController
from sim_models.sar import SarParameters, TrqControllerParameters

BITS = range(4, 13)
VARIANTS = {
    "plain": None,
    "TRQ, b = 0": {},
    "TRQ": {"support_base": True},
    "TRQ, all options": {"support_base": True, "support_after_r1": True, "support_skip": True},
}
"""The plain controller (None), and what twin-range controllers support; ``b`` is where R1 starts."""


@dataclass(frozen=True, kw_only=True)
class ControllerArea:
    """One controller: area on a cell library, by the smallest recipe; that over its NAND2; textbook gates."""

    um2: float
    ge: float
    textbook_ge: float
    flip_flops: int
    recipe: str


@dataclass(frozen=True, kw_only=True)
class ControllerAreas:
    """The controllers of one resolution, by the names of `VARIANTS`. Configuration registers are not in them."""

    bits: int
    library: str
    controllers: dict[str, ControllerArea]


def controller_areas(library: Library, bits: Iterable[int] = BITS, workers: int | None = None) -> list[ControllerAreas]:
    """Areas for each of ``bits``, ``workers`` controllers at a time (None: as many as there are cores).

    Pre-layout, no wires. Raises ValueError for ``bits`` outside 2..16, SynthesisError where a recipe fails.
    """
    wanted = list(bits)
    # Elaboration is for one thread.
    circuits = [_controller(each, name) for each in wanted for name in VARIANTS]
    with ThreadPoolExecutor(workers or os.cpu_count() or 1) as pool:
        areas = list(pool.map(lambda circuit: _area(circuit, library), circuits))
    rows = [areas[start : start + len(VARIANTS)] for start in range(0, len(areas), len(VARIANTS))]
    return [
        ControllerAreas(bits=each, library=library.name, controllers=dict(zip(VARIANTS, row, strict=True)))
        for each, row in zip(wanted, rows, strict=True)
    ]


def table(rows: Sequence[ControllerAreas]) -> list[str]:
    """The areas as lines of text: um2, gate equivalents of the library, and textbook gates."""
    lines = [f"{'bits':>4}  " + "".join(f"{name:>30}" for name in VARIANTS)]
    lines.append(f"{'':4}  " + f"{'um2    GE  textbook':>30}" * len(VARIANTS))
    for row in rows:
        cells = (f"{it.um2:8.1f}{it.ge:6.0f}{it.textbook_ge:10.1f}" for it in row.controllers.values())
        lines.append(f"{row.bits:4}  " + "".join(f"{cell:>30}" for cell in cells))
    return lines


def _controller(bits: int, variant: str) -> Rtl:
    options = VARIANTS[variant]
    if options is None:
        return elaborate(SarController(parameters=SarParameters(bits=bits)), "sar_controller")
    parameters = TrqControllerParameters(bits=bits, **options)
    return elaborate(TrqController(parameters=parameters), "sar_twin_range")


def _area(rtl: Rtl, library: Library) -> ControllerArea:
    smallest = best_of(rtl, AREA_RECIPES, library, workers=1).winner
    return ControllerArea(
        um2=smallest.area_um2,
        ge=smallest.ge,
        textbook_ge=textbook_ge(rtl),
        flip_flops=smallest.flip_flops,
        recipe=smallest.recipe,
    )
