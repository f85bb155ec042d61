"""Map Verilog to library cells with Yosys and ABC, each run in a process of its own, results cached by content."""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from flow.libraries import Library
from flow.results import read_entry, write_entry
from flow.synthesis.hierarchy import Module, all_cells, measure
from flow.synthesis.jobs import Jobs
from flow.synthesis.kinds import AreaKinds, area_kinds
from flow.synthesis.recipes import Recipe
from flow.synthesis.yosys_job import IDENTIFIER
from gen.cache import content_key
from gen.rtl import Rtl
from gen.suggest import unknown

GOALS = ("area", "delay")


@dataclass(frozen=True, kw_only=True)
class Synthesis:
    """A mapped design. Pre-layout, no wires, one corner.

    ``ge`` is the area over that of the smallest two-input NAND gate. ``delay_ps`` is the longest combinational path
    between inputs, flip-flops and outputs by ABC: flip-flop clock-to-output and setup times are not in it.
    ``kinds`` splits the area into flip-flops, logic and memories. ``netlist`` is structural Verilog of library cells;
    ``modules`` has one entry for each of its modules. A flat netlist keeps its memories as modules.
    ``provenance`` names what the result depends on: Yosys, its options, the ABC script, the liberty text's SHA-256.
    """

    top: str
    recipe: str
    library: str
    area_um2: float
    sequential_um2: float
    kinds: AreaKinds
    ge: float
    cells: Mapping[str, int]
    flip_flops: int
    latches: int
    delay_ps: float
    modules: Mapping[str, Module]
    netlist: str
    warnings: tuple[str, ...]
    provenance: Mapping[str, str]

    @property
    def combinational_um2(self) -> float:
        """Area of everything that holds no state."""
        return self.area_um2 - self.sequential_um2


@dataclass(frozen=True, kw_only=True)
class Best:
    """The results of several recipes, in the order of the recipes, and the one that wins."""

    winner: Synthesis
    results: tuple[Synthesis, ...]


def synthesize(
    rtl: Rtl, recipe: Recipe, library: Library, *, use_cache: bool = True, jobs: Jobs | None = None
) -> Synthesis:
    """Map ``rtl`` to ``library`` by ``recipe``.

    :raises ValueError: the design's name is no plain identifier.
    :raises SynthesisError: Yosys fails, or the library lacks a cell that the design needs.
    """
    if not IDENTIFIER.fullmatch(rtl.name):
        raise ValueError(f"the design's name must be a plain identifier, not {rtl.name!r}")
    key = _key(rtl, recipe, library)
    entry = read_entry("synthesis", key) if use_cache else None
    if entry is None:
        reply, texts = (jobs or Jobs()).run(rtl, recipe, library)
        if use_cache:
            write_entry("synthesis", key, reply, texts)
    else:
        reply, texts = entry
    return _result(rtl, recipe, library, reply, texts["netlist.v"])


def best_of(
    rtl: Rtl, recipes: Sequence[Recipe], library: Library, *, by: str = "area", workers: int | None = None
) -> Best:
    """Map ``rtl`` by every recipe; the winner has the smallest ``by`` (``area`` or ``delay``).

    Equal areas are decided by delay, and equal delays by area.

    :raises ValueError: ``by`` is unknown or there are no recipes.
    :raises SynthesisError: a recipe fails; the others are then stopped.
    """
    if by not in GOALS:
        raise ValueError(unknown("goal", by, GOALS))
    if not recipes:
        raise ValueError("recipes must name at least one recipe, not none")
    results = synthesize_all(rtl, recipes, library, workers=workers)
    order = (lambda it: (it.area_um2, it.delay_ps)) if by == "area" else (lambda it: (it.delay_ps, it.area_um2))
    return Best(winner=min(results, key=order), results=results)


def synthesize_all(
    rtl: Rtl, recipes: Sequence[Recipe], library: Library, *, workers: int | None = None
) -> tuple[Synthesis, ...]:
    """Map ``rtl`` by every recipe, ``workers`` at a time (as many as there are cores by default).

    :raises SynthesisError: a recipe fails; the others are then stopped.
    """
    jobs = Jobs()
    with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        runs = [pool.submit(synthesize, rtl, recipe, library, jobs=jobs) for recipe in recipes]
        try:
            done, _ = wait(runs, return_when=FIRST_EXCEPTION)
            for run in done:
                run.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            jobs.stop()
            raise
    return tuple(run.result() for run in runs)


def _key(rtl: Rtl, recipe: Recipe, library: Library) -> str:
    code = [Path(__file__).with_name(f"{name}.py").read_bytes() for name in ("jobs", "yosys_job", "path_delay")]
    chosen = [recipe.options, recipe.script, recipe.flatten]
    cells = [library.content_hash, library.dont_use, library.driver, library.load_ff]
    return content_key(
        rtl.verilog, rtl.name, [name for name, _ in rtl.memories], chosen, cells, metadata.version("pyosys"), *code
    )


def _result(rtl: Rtl, recipe: Recipe, library: Library, reply: Mapping[str, Any], netlist: str) -> Synthesis:
    modules = {name: measure(library, **content) for name, content in reply["modules"].items()}
    cells = all_cells(modules, rtl.name)
    total = measure(library, cells, {})
    return Synthesis(
        top=rtl.name,
        recipe=recipe.name,
        library=library.name,
        area_um2=total.area_um2,
        sequential_um2=total.sequential_um2,
        kinds=area_kinds(modules, rtl.name, dict(rtl.memories)),
        ge=total.area_um2 / library.nand2_um2,
        cells=cells,
        flip_flops=_number(library, cells, "flip_flop"),
        latches=_number(library, cells, "latch"),
        delay_ps=reply["delay_ps"],
        modules=modules,
        netlist=netlist,
        warnings=tuple(reply["warnings"]),
        provenance={
            "yosys": reply["yosys"],
            "options": " ".join([*recipe.options, *["-flatten"] * recipe.flatten]),
            "script": recipe.script,
            "liberty_sha256": library.content_hash,
        },
    )


def _number(library: Library, cells: Mapping[str, int], kind: str) -> int:
    return sum(number for cell, number in cells.items() if library.cells[cell].kind == kind)
