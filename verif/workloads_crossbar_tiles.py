"""Workloads of the digital parts of strategies B and C: vectors one after the other, all stages full."""

from gen.vectors import crossbar_schedule as schedule
from gen.vectors.crossbar_outputs import Controlled
from sim_models.crossbar import initiation_interval
from verif import crossbar_driven, crossbar_tiles
from verif.checks_form import require_equal
from verif.crossbar_schedule import shown
from verif.workloads_form import SEED, Workload

_OPERATIONS = 2


def control(parameters: Controlled) -> Workload:
    """A controller whose vectors start as soon as they can, and whose results are taken at once."""
    p, window = parameters, _window(parameters)
    given = schedule.always(p, window.stop)
    given["start"] -= schedule.expected(p, given)["busy"]
    results = schedule.expected(p, given)
    return Workload(
        action="one vector",
        operations=_OPERATIONS,
        window=window,
        inputs=given,
        check=lambda got: require_equal(shown(p, got), results, SEED),
    )


def multiply(parameters: crossbar_tiles.Tiled) -> Workload:
    """A tile with inputs and weights about 0; its converters answer what the golden model's did."""
    p, window = parameters, _window(parameters)
    driven = crossbar_driven.driven(p, window.stop, SEED)
    return Workload(
        action="one array-vector product",
        operations=_OPERATIONS,
        window=window,
        inputs=driven.inputs,
        check=lambda got: require_equal(crossbar_driven.shown(p, driven, got), driven.outputs, SEED),
    )


def _window(p: Controlled) -> slice:
    """The last clock cycles, of whole intervals; the first vector's result was written before them.

    By then vectors that stall come at the interval too.
    """
    interval = initiation_interval(p) * p.slots_per_cycle
    full = (p.clear_cycles + 1) * p.slots_per_cycle + p.latency_clocks + interval
    return slice(full, full + _OPERATIONS * interval)
