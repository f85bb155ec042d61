"""The half-precision unit's sequencing, cycle by cycle, in Amaranth's own simulator."""

from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import ClockDomain, Module, Signal
from amaranth.sim import Simulator

from hdl.nmpu_fp16 import AddendSource, Ldpu
from sim_models.nmpu import LdpuParameters, half_words, ldpu_aggregate, ldpu_process, residual_tile

SEED = 1024
PASSES = {"F1": 1, "F2": 2, "F3": 4}
OFFSET, AGGREGATE = AddendSource.OFFSET, AddendSource.AGGREGATE

SHAPES = [
    ({"columns": 12, "lanes": 4}, "F1"),
    ({"columns": 7}, "F1"),
    ({"columns": 1}, "F1"),
    ({"columns": 4, "lanes": 4}, "F1"),
    ({"columns": 12, "lanes": 2, "arithmetic": "fused"}, "F1"),
    ({"columns": 24}, "F2"),
    ({"columns": 32, "lanes": 2}, "F2"),
    ({"columns": 8}, "F2"),
    ({"columns": 5}, "F3"),
    ({"columns": 12, "lanes": 4}, "F3"),
    ({"columns": 1}, "F3"),
]


def shapes(**more: Any) -> list[LdpuParameters]:
    return [LdpuParameters(service_model=model, **fields, **more) for fields, model in SHAPES]


def simulate(component: Any, testbench: Callable[[Any], Coroutine]) -> None:
    simulator = Simulator(component)
    simulator.add_clock(1e-9)
    simulator.add_testbench(testbench)
    simulator.run()


class Layer:
    """Random parameters of all columns and counts of some tiles."""

    def __init__(self, parameters: LdpuParameters, tiles: int, seed: int = SEED) -> None:
        random = np.random.default_rng(seed)
        columns = parameters.columns
        self.parameters = parameters
        self.positive, self.negative = random.integers(0, 1 << parameters.count_bits, (2, tiles, columns))
        self.slopes = half_words(random.uniform(0.05, 0.3, (2, columns)))
        self.offset = half_words(random.uniform(-20, 20, columns))
        self.relu = random.integers(0, 2, tiles)

    def expected(self, tile: int) -> np.ndarray:
        """Results of one tile by row and lane."""
        p = self.parameters
        counts = self.positive[tile], self.negative[tile]
        result = ldpu_process(*counts, *self.slopes, self.offset, self.relu[tile], p)
        return result.output.reshape(-1, p.lanes)

    async def configure(self, ctx: Any, unit: Any) -> None:
        ctx.set(unit.cfg_write, 1)
        for word, values in enumerate((*self.slopes, self.offset)):
            for column, value in enumerate(values.tolist()):
                ctx.set(unit.cfg_word, word)
                ctx.set(unit.cfg_column, column)
                ctx.set(unit.cfg_data, value)
                await ctx.tick()
        ctx.set(unit.cfg_write, 0)


def set_tile(ctx: Any, unit: Any, layer: Layer, tile: int, **settings: Any) -> None:
    ctx.set(unit.start, 1)
    ctx.set(unit.relu, int(layer.relu[tile]))
    ctx.set(unit.emit, 1)
    for name, value in settings.items():
        ctx.set(getattr(unit, name), value)
    ctx.set(unit.count_p, layer.positive[tile].tolist())
    ctx.set(unit.count_n, layer.negative[tile].tolist())


def spoil_inputs(ctx: Any, unit: Any, layer: Layer) -> None:
    """What changes after the start must not reach the tile."""
    ctx.set(unit.start, 0)
    for name in ("relu", "write_aggregate", "emit"):
        ctx.set(getattr(unit, name), 1 - ctx.get(getattr(unit, name)))
    ctx.set(unit.count_p, (layer.positive[0] ^ 1).tolist())
    ctx.set(unit.count_n, (layer.negative[0] ^ 1).tolist())


async def run_tile(ctx: Any, unit: Any, layer: Layer, tile: int, **settings: Any) -> list[Any]:
    """The results of one tile, in order; the unit is idle again at the end."""
    set_tile(ctx, unit, layer, tile, **settings)
    await ctx.tick()
    spoil_inputs(ctx, unit, layer)
    seen, done = [], 0
    while not done:
        if ctx.get(unit.out_valid):
            seen.append(list(ctx.get(unit.out_data)))
        done = ctx.get(unit.done)
        await ctx.tick()
    assert (ctx.get(unit.busy), ctx.get(unit.out_valid)) == (0, 0)
    return seen


@pytest.mark.parametrize("parameters", shapes(), ids=str)
def test_results_come_at_the_cycles_of_the_formula(parameters: LdpuParameters) -> None:
    unit, layer = Ldpu(parameters=parameters), Layer(parameters, 1)
    rows = parameters.columns // parameters.lanes
    cycles = PASSES[parameters.service_model] * rows + 5
    results, busy, done = [], [], []

    async def testbench(ctx: Any) -> None:
        await layer.configure(ctx, unit)
        set_tile(ctx, unit, layer, 0)
        for cycle in range(cycles + 4):
            if ctx.get(unit.out_valid):
                results.append((cycle, ctx.get(unit.out_column), list(ctx.get(unit.out_data)), ctx.get(unit.invalid)))
            busy.extend([cycle] * ctx.get(unit.busy))
            done.extend([cycle] * ctx.get(unit.done))
            await ctx.tick()
            if cycle == 0:
                spoil_inputs(ctx, unit, layer)

    simulate(unit, testbench)
    assert busy == list(range(1, cycles + 1))
    assert done == [cycles]
    assert [data for _, _, data, _ in results] == layer.expected(0).tolist()
    assert [(column, invalid) for _, column, _, invalid in results] == [(row, 0) for row in range(rows)]
    last_pass = {
        "F1": lambda row: row,
        "F2": lambda row: 2 * row - row % 8 + 8,  # pass A of eight rows, then their pass B
        "F3": lambda row: 4 * row + 3,
    }[parameters.service_model]
    assert [cycle for cycle, *_ in results] == [1 + last_pass(row) + 5 for row in range(rows)]


@pytest.mark.parametrize("model", ["F1", "F2", "F3"])
def test_tiles_follow_each_other_and_a_start_while_busy_is_ignored(model: str) -> None:
    parameters = LdpuParameters(columns=8, service_model=model)
    unit, layer = Ldpu(parameters=parameters), Layer(parameters, 3)
    layer.relu[:] = 0, 1, 0
    period = PASSES[model] * 8 + 5 + 1
    seen, done = [], []

    async def testbench(ctx: Any) -> None:
        await layer.configure(ctx, unit)
        for cycle in range(3 * period):
            # Held high: only the starts in idle cycles count, with the settings and counts of those cycles.
            tile, waiting = divmod(cycle, period)
            set_tile(ctx, unit, layer, (tile + 1) % 3 if waiting else tile, emit=not waiting)
            seen.extend([ctx.get(unit.out_data[0])] * ctx.get(unit.out_valid))
            done.extend([cycle] * ctx.get(unit.done))
            await ctx.tick()

    simulate(unit, testbench)
    assert done == [period - 1, 2 * period - 1, 3 * period - 1]
    assert seen == np.concatenate([layer.expected(tile) for tile in range(3)]).ravel().tolist()


@pytest.mark.parametrize("model", ["F1", "F2", "F3"])
@pytest.mark.parametrize("gap", [1, 3])
def test_serial_capture_takes_rows_as_they_come(model: str, gap: int) -> None:
    parameters = LdpuParameters(columns=16, lanes=2, service_model=model, capture="serial")
    unit, layer = Ldpu(parameters=parameters), Layer(parameters, 1)
    rows, seen, done = 8, [], []
    positive, negative = (counts[0].reshape(rows, 2).tolist() for counts in (layer.positive, layer.negative))
    counts = [{"positive": p, "negative": n} for p, n in zip(positive, negative, strict=True)]

    async def testbench(ctx: Any) -> None:
        await layer.configure(ctx, unit)
        ctx.set(unit.relu, int(layer.relu[0]))
        ctx.set(unit.emit, 1)
        taken = 0
        for cycle in range(rows * gap + PASSES[model] * rows + 5 + 4):
            ctx.set(unit.start, cycle == 0)
            # Offered before the start too: nothing may be taken then.
            ctx.set(unit.counts.valid, cycle % gap == 0)
            ctx.set(unit.counts.payload, counts[min(taken, rows - 1)])
            taken += ctx.get(unit.counts.valid) & ctx.get(unit.counts.ready)
            if ctx.get(unit.out_valid):
                seen.append(list(ctx.get(unit.out_data)))
            done.extend([cycle] * ctx.get(unit.done))
            await ctx.tick()
        assert taken == rows

    simulate(unit, testbench)
    assert seen == layer.expected(0).tolist()
    assert done == [gap * rows + PASSES[model] * rows + 5]


@pytest.mark.parametrize("model", ["F1", "F2", "F3"])
@pytest.mark.parametrize("cycles_before_reset", [1, 2, 6, 11, 12, 13])
def test_reset_forgets_the_tile_and_keeps_the_parameters(model: str, cycles_before_reset: int) -> None:
    parameters = LdpuParameters(columns=8, service_model=model)
    unit, layer = Ldpu(parameters=parameters), Layer(parameters, 2)
    seen = []

    async def testbench(ctx: Any) -> None:
        await layer.configure(ctx, unit)
        set_tile(ctx, unit, layer, 0)
        for _ in range(cycles_before_reset):
            await ctx.tick()
            ctx.set(unit.start, 0)
        assert ctx.get(unit.busy) == 1
        ctx.set(reset, 1)
        await ctx.tick()
        ctx.set(reset, 0)
        for _ in range(40):
            assert (ctx.get(unit.busy), ctx.get(unit.done), ctx.get(unit.out_valid)) == (0, 0, 0)
            await ctx.tick()
        seen.extend(await run_tile(ctx, unit, layer, 1))

    reset = Signal()
    top = Module()
    top.domains.sync = domain = ClockDomain()
    top.submodules.unit = unit
    top.d.comb += domain.rst.eq(reset)
    simulate(top, testbench)
    assert seen == layer.expected(1).tolist()


@pytest.mark.parametrize("tiles", [1, 2, 3])
@pytest.mark.parametrize(
    "parameters", [each for each in shapes() if each.columns % 12 == 0 or each.columns == 5], ids=str
)
def test_partial_sums_of_tiles(parameters: LdpuParameters, tiles: int) -> None:
    unit, layer = Ldpu(parameters=parameters), Layer(parameters, tiles)
    seen = []

    async def testbench(ctx: Any) -> None:
        await layer.configure(ctx, unit)
        for tile in range(tiles):
            source, last = OFFSET if tile == 0 else AGGREGATE, tile == tiles - 1
            settings = {"addend_source": source, "write_aggregate": not last, "emit": last, "relu": 1}
            seen.append(await run_tile(ctx, unit, layer, tile, **settings))

    simulate(unit, testbench)
    slopes = np.broadcast_to(layer.slopes[:, None], (2, tiles, parameters.columns))
    result = ldpu_aggregate(layer.positive, layer.negative, *slopes, layer.offset, True, parameters)
    assert seen == [*[[]] * (tiles - 1), result.output.reshape(-1, parameters.lanes).tolist()]


@pytest.mark.parametrize("model", ["F1", "F2", "F3"])
def test_a_tile_that_does_not_write_keeps_the_aggregate(model: str) -> None:
    parameters = LdpuParameters(columns=8, service_model=model)
    unit, layer = Ldpu(parameters=parameters), Layer(parameters, 3)
    layer.relu[:] = 0
    seen = []

    async def testbench(ctx: Any) -> None:
        await layer.configure(ctx, unit)
        await run_tile(ctx, unit, layer, 0, addend_source=OFFSET, write_aggregate=1, emit=0)
        for tile in (1, 2):
            seen.append(await run_tile(ctx, unit, layer, tile, addend_source=AGGREGATE, write_aggregate=0))

    simulate(unit, testbench)
    first = ldpu_process(layer.positive[0], layer.negative[0], *layer.slopes, layer.offset, False, parameters).value
    for tile in (1, 2):
        result = ldpu_process(layer.positive[tile], layer.negative[tile], *layer.slopes, first, False, parameters)
        assert seen[tile - 1] == result.output.reshape(-1, 1).tolist()


@pytest.mark.parametrize("model", ["F1", "F2"])
def test_residual_is_one_more_tile(model: str) -> None:
    parameters = LdpuParameters(columns=8, service_model=model)
    unit, layer = Ldpu(parameters=parameters), Layer(parameters, 1)
    residual = np.array([-128, -77, -1, 0, 1, 50, 100, 127])
    positive, negative, slope = residual_tile(residual, 0.03, 0.05)
    extra = Layer(parameters, 1)
    extra.positive[0], extra.negative[0], extra.slopes[:] = positive, negative, slope
    seen = []

    async def testbench(ctx: Any) -> None:
        await layer.configure(ctx, unit)
        await run_tile(ctx, unit, layer, 0, addend_source=OFFSET, write_aggregate=1, emit=0)
        await extra.configure(ctx, unit)
        seen.extend(await run_tile(ctx, unit, extra, 0, addend_source=AGGREGATE, write_aggregate=0, relu=1))

    simulate(unit, testbench)
    main = ldpu_process(layer.positive[0], layer.negative[0], *layer.slopes, layer.offset, False, parameters)
    assert seen == ldpu_process(positive, negative, slope, slope, main.value, True, parameters).output[:, None].tolist()
    real = main.value.astype(np.uint16).view(np.float16) + residual * (0.03 / 0.05)
    # Half an output step for the last rounding, and two roundings in half precision of numbers below 512.
    np.testing.assert_array_less(np.abs(np.clip(real, 0, 127) - np.ravel(seen)), 0.5 + 2 * 0.25)


def test_other_parameter_words_are_not_written() -> None:
    parameters = LdpuParameters(columns=4)
    unit, layer = Ldpu(parameters=parameters), Layer(parameters, 1)
    seen = []

    async def testbench(ctx: Any) -> None:
        await layer.configure(ctx, unit)
        ctx.set(unit.cfg_data, 0x1234)
        for column in range(4):
            ctx.set(unit.cfg_column, column)
            for write, word in ((1, 3), (0, 0), (0, 1), (0, 2)):
                ctx.set(unit.cfg_write, write)
                ctx.set(unit.cfg_word, word)
                await ctx.tick()
        seen.extend(await run_tile(ctx, unit, layer, 0))

    simulate(unit, testbench)
    assert seen == layer.expected(0).tolist()
