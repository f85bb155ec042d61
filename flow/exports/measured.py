"""The cost model of a design, from its price and the energy of its operation."""

import json
from dataclasses import asdict
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from flow.exports.areas import design_area
from flow.exports.cost_model import Action, ActionEnergy, CellLibrary, CostModel, Timing
from flow.libraries import Library
from flow.prices import DesignPrice, price_design
from flow.timing import sta_version
from gen.catalog import Design
from gen.rtl import Rtl
from gen.tools import ToolMissing
from gen.version import generator_versions
from verif.verilator import find_verilator

if TYPE_CHECKING:
    from flow.power import Energy

# Dividing by these rounds once, where multiplying by 1e-12 rounds twice.
_PER_PICO = 1e12
_PER_MICRO = 1e6

_ACTION = "operation"
_CLOCKLESS = "the design has no clock"


def measure(design: Design, parameters: Any, library: Library) -> CostModel:
    """The cost model of ``design`` on ``library``.

    Where its energy cannot be measured (no OpenSTA, no workload, a library without voltage), it says so, and has areas
    and times.

    :raises ValueError, RuntimeError: as `flow.prices.price_design` and `flow.power.design_energy` do.
    """
    from flow.power import design_energy

    price = price_design(design, parameters, library)
    try:
        energy = design_energy(design, parameters, library)
    except (ToolMissing, ValueError) as reason:
        return compose(design, parameters, library, price, None, str(reason))
    return compose(design, parameters, library, price, energy)


def compose(
    design: Design,
    parameters: Any,
    library: Library,
    price: DesignPrice,
    energy: "Energy | None",
    why_no_energy: str = "",
) -> CostModel:
    """The cost model of what was measured.

    :raises RuntimeError: the energy is of another netlist than the price's delay.
    """
    rtl = design.elaborate(parameters)
    area = design_area(rtl, library, price)
    if energy and energy.recipe != area.buffered.recipe:
        raise RuntimeError(f"the energy of {design.name} is of recipe {energy.recipe}, which is not that of its area")
    timing = _timing(rtl, price, energy)
    return CostModel(
        design=design.name,
        summary=design.summary,
        source=design.source,
        parameters=json.loads(json.dumps(asdict(parameters))),
        library=CellLibrary(
            name=library.name,
            content_sha256=library.content_hash,
            corner=library.corner or None,
            voltage_v=library.voltage_v,
            temperature_c=library.temperature_c,
        ),
        conditions=price.conditions,
        tools=_tools(price, energy),
        area=area,
        leakage_w=energy.leakage_uw / _PER_MICRO if energy else None,
        timing=timing,
        actions=(_action(design.cycles(parameters), timing, energy, why_no_energy),),
        unknown={} if energy else {"leakage_w": why_no_energy},
        provenance=_provenance(rtl, energy),
    )


def _timing(rtl: Rtl, price: DesignPrice, energy: "Energy | None") -> Timing:
    longest_ps = price.timing.longest_ps if price.timing else None
    times_ps = {
        "longest_path_s": longest_ps,
        "shortest_period_s": price.period_ps,
        "clock_period_s": energy.period_ps if energy else longest_ps,
    }
    no_path = "OpenSTA finds no path" if sta_version() else "OpenSTA, which measures it, was not found"
    no_loop = "no path leads from flip-flop to flip-flop" if price.timing else no_path
    why = dict.fromkeys(times_ps, no_path) | {"shortest_period_s": no_loop if rtl.clocked else _CLOCKLESS}
    return Timing(
        delay_s=price.delay_ps / _PER_PICO,
        delay_tool="ABC",
        **{key: None if time is None else time / _PER_PICO for key, time in times_ps.items()},
        tool=price.timing.tool if price.timing else None,
        unknown={key: why[key] for key, time in times_ps.items() if time is None},
    )


def _action(cycles: int, timing: Timing, energy: "Energy | None", why_no_energy: str) -> Action:
    unknown = {} if energy else {"energy_j": why_no_energy, "throughput_per_s": why_no_energy}
    latency_s = _latency(cycles, timing)
    if latency_s is None:
        unknown["latency_s"] = timing.unknown["clock_period_s"]
    return Action(
        name=_ACTION,
        description=energy.action if energy else "one operation",
        energy_j=_energy(energy) if energy else None,
        latency_cycles=cycles,
        latency_s=latency_s,
        throughput_per_s=energy.operations / (energy.cycles * energy.period_ps / _PER_PICO) if energy else None,
        measured_operations=energy.operations if energy else None,
        measured_cycles=energy.cycles if energy else None,
        unknown=unknown,
    )


def _latency(cycles: int, timing: Timing) -> float | None:
    if not cycles:
        return timing.longest_path_s or timing.delay_s
    return cycles * timing.clock_period_s if timing.clock_period_s else None


def _energy(energy: "Energy") -> ActionEnergy:
    return ActionEnergy(
        internal=energy.internal_pj / _PER_PICO,
        switching=energy.switching_pj / _PER_PICO,
        leakage=energy.leakage_pj / _PER_PICO,
        total=energy.total_pj / _PER_PICO,
    )


def _tools(price: DesignPrice, energy: "Energy | None") -> dict[str, str]:
    tools = generator_versions()
    if price.timing:
        tools["OpenSTA"] = price.timing.tool.removeprefix("OpenSTA ")
    if energy:
        tools["Verilator"] = find_verilator().version
    return tools


def _provenance(rtl: Rtl, energy: "Energy | None") -> dict[str, str]:
    source = {"verilog_sha256": sha256(rtl.verilog.encode()).hexdigest()}
    return source | ({"energy_by": energy.tool, "energy_conditions": energy.label} if energy else {})
