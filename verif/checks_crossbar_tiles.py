"""Batch checks of the digital parts of strategies B and C."""

from typing import Any

import numpy as np

from gen.rtl import Rtl
from gen.vectors import crossbar_schedule as schedule
from gen.vectors.crossbar_outputs import Controlled
from gen.vectors.crossbar_tiles import saturations
from hdl.crossbar import NeuralPimParameters
from hdl.crossbar.requirements import PORT
from hdl.crossbar.vector_sequence import IGNORED_BITS
from sim_models.crossbar import conversions, initiation_interval, layer, read_out
from verif import crossbar_given_codes as given
from verif import crossbar_tiles as tiles
from verif.batch import simulate
from verif.checks_form import require_equal
from verif.crossbar_driven import driven, shown
from verif.crossbar_schedule import run as run_controller

_CLOCKS = 20_000
_MANY = 100_000  # vectors: as many as are not much more with `_check_ignored`
_LONG = 75_000  # clock cycles: more than IGNORED_BITS count
_BLOCKS = 3
_RESETS = 40


def check_controller(rtl: Rtl, parameters: Controlled, vectors: int, seed: int) -> int:
    """Every strobe in every clock cycle, where results are taken at once, where they wait, and after resets."""
    compared = 0
    for waits in (0.0, 0.9):
        given = schedule.stimuli(parameters, min(_CLOCKS, max(2000, vectors)), seed, waits=waits)
        seen = run_controller(rtl, parameters, given, seed)
        compared += require_equal(seen, schedule.expected(parameters, given), seed)
    compared += _check_resets(rtl, parameters, given, seed)
    return compared + (_check_ignored(rtl, parameters, seed) if vectors >= _MANY else 0)


def _check_ignored(rtl: Rtl, p: Controlled, seed: int) -> int:
    """Starts in every clock cycle, for longer than they are counted."""
    given = {name: np.ones(_LONG, np.int64) for name in schedule.stimuli(p, 1, seed)}
    seen = run_controller(rtl, p, given, seed)
    ignored = np.cumsum(seen["busy"]) - seen["busy"]
    wanted = {"start_ignored": np.minimum(ignored, (1 << IGNORED_BITS) - 1)}
    return require_equal(seen, wanted, seed)


def _check_resets(rtl: Rtl, p: Controlled, given: schedule.Stimuli, seed: int) -> int:
    """Whatever a reset ends, all that follows is as after the first one."""
    clocks = len(given["start"])
    resets = np.sort(np.random.default_rng(seed).choice(np.arange(1, clocks), _RESETS, replace=False))
    seen = run_controller(rtl, p, given | {"rst": np.isin(np.arange(clocks), resets).astype(np.int64)}, seed)
    compared = 0
    for first, end in zip([0, *resets + 1], [*resets, clocks], strict=True):
        if end - first > 1:  # in the clock cycle before a reset something is announced that it prevents
            wanted = schedule.expected(p, {name: words[first:end] for name, words in given.items()})
            part = {name: words[first : end - 1] for name, words in seen.items()}
            compared += require_equal(part, {name: words[:-1] for name, words in wanted.items()}, seed)
    return compared


def check_tile(rtl: Rtl, parameters: tiles.Tiled, vectors: int, seed: int) -> int:
    """About that many samples of lines: what drives the array and comes of its codes; the array in the loop too."""
    p, random = parameters, np.random.default_rng(seed)
    count = max(2 * _BLOCKS, vectors // 2 // (p.cycles * p.slices * p.outputs))
    compared = _check_driven(rtl, p, count, seed)
    for disturbed in (False, True):
        weights = random.integers(*p.weight_range, (p.rows, p.outputs), endpoint=True)
        weights[:, 0] = p.weight_range[int(disturbed)]
        inputs = random.integers(*p.input_range, (count, p.rows), endpoint=True)
        inputs[0], inputs[-1] = p.input_range
        traffic = tiles.disturbed(weights, inputs, p, seed) if disturbed else tiles.full_rate(weights, inputs)
        seen = tiles.run(rtl, p, traffic, seed)
        compared += require_equal(seen, expected(p, traffic, timed=not disturbed), seed)
    if isinstance(p, NeuralPimParameters):
        blocks = inputs[: count // _BLOCKS * _BLOCKS]
        compared += _check_blocks(rtl, p, blocks, weights, seed)
        if p.converter == PORT:
            compared += _check_codes(rtl, p, blocks, weights, seed)
    return compared


def _check_driven(rtl: Rtl, p: tiles.Tiled, count: int, seed: int) -> int:
    """Vectors one after another, at full rate and where results wait, without an array."""
    clocks = min(_CLOCKS, count * initiation_interval(p) * p.slots_per_cycle) + 2 * p.latency_clocks
    late = np.random.default_rng(seed).random(clocks) < 1 / p.slots_per_cycle
    compared = 0
    for ready in (np.ones(clocks), late):
        case = driven(p, clocks, seed, ready=ready)
        seen = shown(p, case, simulate(rtl, case.inputs, seed=seed))
        compared += require_equal(seen, case.outputs, seed)
    return compared


def expected(parameters: tiles.Tiled, traffic: tiles.Traffic, *, timed: bool) -> dict[str, Any]:
    """Results and counters as `verif.crossbar_tiles.run` returns them; cycles too, of vectors at full rate."""
    p, count = parameters, len(traffic.vectors)
    dot = read_out(traffic.vectors, traffic.weights, p)
    made = np.array(count * p.outputs * conversions(p))
    results = {"values": dot.values, "starts": made, "adc_count": made}
    results["sat_count"] = np.array(min(saturations(p, traffic.vectors, traffic.weights), (1 << 16) - 1))
    return results | (tiles.expected_cycles(p, count) if timed else {})


def _check_blocks(rtl: Rtl, p: NeuralPimParameters, inputs: tiles.Integers, weights: tiles.Integers, seed: int) -> int:
    """Row blocks of a layer, one after another by one matrix, whose codes are added."""
    traffic = tiles.full_rate(weights, inputs, _BLOCKS)
    found = layer(inputs.reshape(-1, _BLOCKS * p.rows), np.tile(weights, (_BLOCKS, 1)), p).values
    return require_equal(tiles.run(rtl, p, traffic, seed), {"values": found}, seed)


def _check_codes(rtl: Rtl, p: NeuralPimParameters, inputs: tiles.Integers, weights: tiles.Integers, seed: int) -> int:
    """Any codes, and conversions that are said to be saturated or not, in row blocks that come and are taken late."""
    random = np.random.default_rng(seed)
    traffic = tiles.disturbed(weights, inputs, p, seed, _BLOCKS)
    half = 1 << p.output_bits - 1
    codes = random.integers(-half, half, (len(inputs), p.outputs))
    flags = random.integers(0, 2, codes.shape)
    seen = given.run(rtl, p, traffic, codes, flags, seed)
    return require_equal(seen, given.expected(p, traffic, codes, flags), seed)
