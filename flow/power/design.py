"""Energy of a design of the catalog: the netlist that is priced, run on real data, priced transition by transition."""

import hashlib
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from flow.libraries import Library
from flow.power.account import Account, account
from flow.power.annotated import annotated_power, reads_saif
from flow.power.cells import read_power
from flow.power.conditions import Mapped, constant_inputs, find_conditions
from flow.power.energy import LABEL, Energy
from flow.power.functions import cell_functions
from flow.power.saif import saif_text
from flow.prices.designs import BLOCKS
from flow.prices.price import timed
from flow.results import read_entry, write_entry
from flow.synthesis import Synthesis, best_of
from flow.synthesis.recipes import AREA, AREA_RECIPES, hierarchical
from flow.timing import SignOff, sta_version
from gen.cache import content_key
from gen.catalog import Design
from gen.rtl import Rtl
from gen.tools import find_tool
from verif.activity import Recording, record
from verif.activity_levels import record_levels
from verif.activity_netlist import cell_kinds, read_netlist
from verif.replay import cell_models
from verif.verilator import find_verilator
from verif.workloads import Workload, workload

# Compiling what Verilator makes of more takes minutes, and a workload is over in seconds without.
MOST_COMPILED_CELLS = 10_000


def design_energy(
    design: Design, parameters: Any, library: Library, *, task: Workload | None = None, workers: int | None = None
) -> Energy:
    """Energy of one operation of ``design`` on ``library``, ``workers`` recipes at a time (None: one on each core).

    The operations are those of ``task``; None: of the design's own workload.

    The netlist is the one whose delay is priced: the smallest recipe's, with buffers; of a design priced block by
    block, the one with its hierarchy kept.

    :raises ValueError: the design has no workload, or its netlist has no path to time.
    :raises ToolMissing: OpenSTA, Verilator or the C++ compiler is missing.
    :raises AssertionError: the netlist's results are not the golden model's.
    :raises RuntimeError: synthesis or OpenSTA fails.
    """
    _require_sta()
    task = task or workload(design, parameters)
    rtl = design.elaborate(parameters)
    mapped, timing = _priced(design, rtl, library, workers)
    return netlist_energy(rtl, mapped, timing.longest_ps, task, library)


def netlist_energy(rtl: Rtl, mapped: Synthesis, period_ps: float, task: Workload, library: Library) -> Energy:
    """Energy of one operation of ``task`` in ``mapped``, made of ``rtl``, at ``period_ps`` a cycle; from the cache.

    Raises what `design_energy` raises.
    """
    _require_sta()
    key = _key(mapped, period_ps, task, library)
    entry = read_entry("energy", key)
    if entry is not None:
        return Energy(**entry[0])
    energy = measure(rtl, mapped.netlist, mapped.recipe, period_ps, task, library)
    write_entry("energy", key, asdict(energy))
    return energy


def _require_sta() -> None:
    find_tool("sta", disables="power and energy", install="apt-get install opensta")


def _priced(design: Design, rtl: Rtl, library: Library, workers: int | None) -> tuple[Synthesis, SignOff]:
    if design.name in BLOCKS:
        recipe = hierarchical((AREA,))[0]
    else:
        smallest = best_of(rtl, AREA_RECIPES, library, workers=workers).winner.recipe
        recipe = next(recipe for recipe in AREA_RECIPES if recipe.name == smallest)
    mapped, timing = timed(rtl, recipe, library)
    if timing is None:
        raise ValueError(f"{design.name} has no path, so there is no energy to measure")
    return mapped, timing


def measure(rtl: Rtl, netlist: str, recipe: str, period_ps: float, task: Workload, library: Library) -> Energy:
    """Energy of one operation of ``task`` in ``netlist``, mapped from ``rtl`` by ``recipe``, at ``period_ps`` a cycle.

    Raises what `design_energy` raises.
    """
    if library.voltage_v is None:
        raise ValueError(f"library {library.name} gives no voltage")
    recording = _record(rtl, netlist, task, library)
    seen = Mapped(rtl=rtl, netlist=netlist, period_ps=period_ps, constants=constant_inputs(recording))
    total, tool = _total(recording, seen, library, library.voltage_v)
    return Energy(
        design=rtl.name,
        library=library.name,
        recipe=recipe,
        action=task.action,
        operations=task.operations,
        cycles=task.cycles,
        period_ps=period_ps,
        internal_pj=total.internal_fj * 1e-3 / task.operations,
        switching_pj=total.switching_fj * 1e-3 / task.operations,
        leakage_pj=total.leakage_nw * 1e-9 * period_ps * task.cycles / task.operations,
        leakage_uw=total.leakage_nw * 1e-3,
        label=LABEL,
        tool=tool,
    )


def _record(rtl: Rtl, netlist: str, task: Workload, library: Library) -> Recording:
    kinds = cell_kinds(read_netlist(netlist), rtl.name)
    if kinds.total() <= MOST_COMPILED_CELLS:
        cells = cell_models(*library.paths)
        return record(rtl, netlist, cells, task.inputs, window=task.window, check=task.check)
    functions = cell_functions(library, read_power(library, set(kinds)))
    return record_levels(rtl, netlist, functions, task.inputs, window=task.window, check=task.check)


def _total(recording: Recording, seen: Mapped, library: Library, voltage_v: float) -> tuple[Account, str]:
    power = read_power(library, {cells.kind for cells in recording.probe.cells})
    if reads_saif(library):
        clocks = {(cell.name, cell.clock) for cell in power.values() if cell.clock}
        text, pins = saif_text(recording, clocks, round(seen.period_ps))
        return annotated_power(seen, library, text, pins, recording.cycles), f"OpenSTA {sta_version()}, read_saif"
    total = account(recording, power, find_conditions(seen, library), voltage_v)
    return total, f"liberty tables at the slews and loads of OpenSTA {sta_version()}"


def _key(mapped: Synthesis, period_ps: float, task: Workload, library: Library) -> str:
    stimuli = hashlib.sha256()
    for name, values in sorted(task.inputs.items()):
        stimuli.update(f"{name} {np.shape(values)} {np.asarray(values).dtype}\n".encode())
        stimuli.update(np.ascontiguousarray(values).tobytes())
    window = (task.window.start, task.window.stop, task.operations, task.action)
    tools = (find_verilator().version, sta_version())
    return content_key(
        mapped.netlist, mapped.recipe, library.name, library.content_hash, library.driver, library.load_ff,
        period_ps, stimuli.hexdigest(), window, tools, *_code(),
    )  # fmt: skip


def _code() -> list[bytes]:
    """Everything that decides on the figures and is not in the key by what it gives."""
    here = Path(__file__).parent
    verif = Path(record.__code__.co_filename).parent
    files = [*sorted(here.glob("*.py")), *sorted(verif.glob("activity*.py")), verif / "replay.py", verif / "batch.cpp"]
    others = ("timing/opensta.py", "timing/constraints.py", "libraries/groups.py", "libraries/truth.py")
    return [path.read_bytes() for path in [*files, *(here.parent / name for name in others)]]
