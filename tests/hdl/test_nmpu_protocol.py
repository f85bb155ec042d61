"""The NMPU components' sequencing, cycle by cycle, in Amaranth's own simulator."""

from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import ClockDomain, Module, Signal
from amaranth.sim import Simulator

from hdl.nmpu import Nmpu, NmpuUnit
from sim_models.nmpu import NmpuParameters, process

SEED = 20240212


def simulate(component: Any, testbench: Callable[[Any], Coroutine]) -> None:
    simulator = Simulator(component)
    simulator.add_clock(1e-9)
    simulator.add_testbench(testbench)
    simulator.run()


def random_columns(parameters: NmpuParameters, columns: int, groups: int) -> dict[str, np.ndarray]:
    random = np.random.default_rng(SEED)
    count, scale = 1 << parameters.input_bits, 1 << parameters.scale_bits
    return {
        "count_p": random.integers(0, count, (groups, columns)),
        "count_n": random.integers(0, count, (groups, columns)),
        "scale_positive": random.integers(0, scale, columns),
        "scale_negative": random.integers(0, scale, columns),
        "offset": random.integers(-128, 128, columns),
        "shift": random.integers(parameters.shift_min, parameters.shift_max + 1, groups),
        "relu": random.integers(0, 2, groups),
    }


def expected(data: dict[str, np.ndarray], parameters: NmpuParameters) -> np.ndarray:
    return process(
        data["count_p"], data["count_n"], data["scale_positive"], data["scale_negative"], data["offset"],
        data["shift"][:, None], data["relu"][:, None], parameters,
    )  # fmt: skip


def word(data: dict[str, np.ndarray], column: int) -> dict[str, int]:
    return {name: int(data[name][column]) for name in ("scale_positive", "scale_negative", "offset")}


async def configure(ctx: Any, unit: Any, data: dict[str, np.ndarray], address: str = "cfg_column") -> None:
    for column in range(len(data["offset"])):
        ctx.set(unit.cfg_write, 1)
        ctx.set(getattr(unit, address), column)
        ctx.set(unit.cfg_data, word(data, column))
        await ctx.tick()
    ctx.set(unit.cfg_write, 0)


def set_group(ctx: Any, unit: Any, data: dict[str, np.ndarray], group: int) -> None:
    ctx.set(unit.start, 1)
    ctx.set(unit.shift, int(data["shift"][group]))
    ctx.set(unit.relu, int(data["relu"][group]))
    ctx.set(unit.count_p, data["count_p"][group].tolist())
    ctx.set(unit.count_n, data["count_n"][group].tolist())


@pytest.mark.parametrize("stages", [1, 2, 3])
@pytest.mark.parametrize("columns", [1, 2, 4, 8])
def test_unit_results_come_at_the_cycles_of_the_formula(columns: int, stages: int) -> None:
    parameters = NmpuParameters(columns_per_unit=columns, pipeline_stages=stages)
    unit, data = NmpuUnit(parameters=parameters), random_columns(parameters, columns, 1)
    seen = []

    async def testbench(ctx: Any) -> None:
        await configure(ctx, unit, data)
        set_group(ctx, unit, data, 0)
        assert ctx.get(unit.ready) == 1
        for cycle in range(columns + stages + 3):
            if ctx.get(unit.out_valid):
                seen.append((cycle, ctx.get(unit.out_column), ctx.get(unit.out_data), ctx.get(unit.done)))
            else:
                assert ctx.get(unit.done) == 0
            await ctx.tick()
            # A changed setting after the start must not reach the group.
            ctx.set(unit.start, 0)
            ctx.set(unit.shift, 0)
            ctx.set(unit.relu, 0)
        assert ctx.get(unit.overrun) == 0

    simulate(unit, testbench)
    results = expected(data, parameters)[0]
    assert seen == [(j + stages, j, results[j], j == columns - 1) for j in range(columns)]
    # The start's cycle 0 to the last result's cycle, both included.
    assert seen[-1][0] + 1 == parameters.latency == columns + stages


@pytest.mark.parametrize("stages", [1, 2, 3])
@pytest.mark.parametrize("columns", [1, 4])
def test_unit_takes_groups_back_to_back_without_a_gap(columns: int, stages: int) -> None:
    parameters = NmpuParameters(columns_per_unit=columns, pipeline_stages=stages)
    groups = 6
    unit, data = NmpuUnit(parameters=parameters), random_columns(parameters, columns, groups)
    seen = []

    async def testbench(ctx: Any) -> None:
        await configure(ctx, unit, data)
        for cycle in range(groups * columns + stages):
            group, column = divmod(cycle, columns)
            ctx.set(unit.start, 0)
            if group < groups and column == 0:
                set_group(ctx, unit, data, group)
                assert ctx.get(unit.ready) == 1
            elif group < groups:
                assert ctx.get(unit.ready) == 0
            if cycle >= stages:
                assert ctx.get(unit.out_valid) == 1
                seen.append(ctx.get(unit.out_data))
            await ctx.tick()
        assert ctx.get(unit.out_valid) == 0

    simulate(unit, testbench)
    np.testing.assert_array_equal(seen, expected(data, parameters).ravel())


def test_unit_ignores_a_start_while_busy_and_tells() -> None:
    parameters = NmpuParameters()
    unit, data = NmpuUnit(parameters=parameters), random_columns(parameters, 4, 1)
    seen = []

    async def testbench(ctx: Any) -> None:
        await configure(ctx, unit, data)
        set_group(ctx, unit, data, 0)
        await ctx.tick()
        ctx.set(unit.shift, int(data["shift"][0]) ^ 1)
        await ctx.tick()
        ctx.set(unit.start, 0)
        for _ in range(10):
            seen.extend([ctx.get(unit.out_data)] * ctx.get(unit.out_valid))
            assert ctx.get(unit.overrun) == 1
            await ctx.tick()

    simulate(unit, testbench)
    np.testing.assert_array_equal(seen, expected(data, parameters)[0])


@pytest.mark.parametrize("cycles_before_reset", [1, 2, 3, 4, 5])
def test_unit_forgets_a_group_that_a_reset_interrupts(cycles_before_reset: int) -> None:
    parameters = NmpuParameters()
    unit, data = NmpuUnit(parameters=parameters), random_columns(parameters, 4, 2)
    seen = []

    async def testbench(ctx: Any) -> None:
        await configure(ctx, unit, data)
        set_group(ctx, unit, data, 0)
        for _ in range(cycles_before_reset):
            await ctx.tick()
            ctx.set(unit.start, int(cycles_before_reset == 2))  # one of the runs sets overrun first
        ctx.set(unit.start, 0)
        ctx.set(reset, 1)
        await ctx.tick()
        ctx.set(reset, 0)
        for _ in range(8):
            assert (ctx.get(unit.out_valid), ctx.get(unit.overrun), ctx.get(unit.ready)) == (0, 0, 1)
            await ctx.tick()
        set_group(ctx, unit, data, 1)
        for _ in range(7):
            seen.extend([ctx.get(unit.out_data)] * ctx.get(unit.out_valid))
            await ctx.tick()
            ctx.set(unit.start, 0)

    reset = Signal()
    top = Module()
    top.domains.sync = domain = ClockDomain()
    top.submodules.unit = unit
    top.d.comb += domain.rst.eq(reset)
    simulate(top, testbench)
    np.testing.assert_array_equal(seen, expected(data, parameters)[1])


def test_unit_reads_new_parameters_for_the_next_group() -> None:
    parameters = NmpuParameters()
    unit = NmpuUnit(parameters=parameters)
    first, second = random_columns(parameters, 4, 1), random_columns(parameters, 4, 1)
    second["scale_positive"] = second["scale_positive"][::-1].copy()
    seen = []

    async def testbench(ctx: Any) -> None:
        for data in (first, second):
            await configure(ctx, unit, data)
            set_group(ctx, unit, data, 0)
            for _ in range(7):
                seen.extend([ctx.get(unit.out_data)] * ctx.get(unit.out_valid))
                await ctx.tick()
                ctx.set(unit.start, 0)

    simulate(unit, testbench)
    np.testing.assert_array_equal(seen, np.concatenate([expected(d, parameters)[0] for d in (first, second)]))


@pytest.mark.parametrize("stages", [1, 2, 3])
@pytest.mark.parametrize("columns", [1, 4])
def test_array_honours_back_pressure_and_maps_its_columns(columns: int, stages: int) -> None:
    parameters = NmpuParameters(columns_per_unit=columns, pipeline_stages=stages, units=3)
    groups = 8
    array, data = Nmpu(parameters=parameters), random_columns(parameters, parameters.columns, groups)
    results = np.zeros((groups, parameters.columns), dtype=int)
    ready = np.random.default_rng(SEED).integers(0, 2, 400).tolist()

    async def testbench(ctx: Any) -> None:
        await configure(ctx, array, data, "cfg_address")
        started = beats = done = 0
        for consumer_ready in ready:
            ctx.set(array.outputs.ready, consumer_ready)
            ctx.set(array.start, 0)
            if started < groups and ctx.get(array.ready):
                set_group(ctx, array, data, started)
                started += 1
            if ctx.get(array.outputs.valid) and consumer_ready:
                group, column = divmod(beats, columns)
                beat = ctx.get(array.outputs.payload)
                assert (beat["column"], beat["last"]) == (column, column == columns - 1)
                assert ctx.get(array.done) == beat["last"]
                results[group, column::columns] = list(beat["data"])
                beats += 1
            else:
                assert ctx.get(array.done) == 0
            done += ctx.get(array.done)
            await ctx.tick()
        assert (started, beats, done) == (groups, groups * columns, groups)

    simulate(array, testbench)
    np.testing.assert_array_equal(results, expected(data, parameters))
