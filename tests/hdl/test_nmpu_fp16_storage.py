"""Storage of the half-precision unit in Amaranth's own simulator, and the parameters that its components refuse."""

from collections.abc import Callable, Coroutine
from typing import Any

import numpy as np
import pytest
from amaranth.sim import Simulator

from hdl.nmpu_fp16 import Fp16Lane, Ldpu, LdpuCore
from hdl.nmpu_fp16.memory import CaptureRegisters, RowMemory
from sim_models.nmpu import LdpuParameters

SEED = 2


def simulate(component: Any, testbench: Callable[[Any], Coroutine]) -> None:
    simulator = Simulator(component)
    simulator.add_clock(1e-9)
    simulator.add_testbench(testbench)
    simulator.run()


def test_memory_gives_the_old_word_while_it_is_written() -> None:
    memory = RowMemory(rows=3, words=2, word_bits=16)

    async def testbench(ctx: Any) -> None:
        async def write(row: int, mask: int, words: list[int]) -> None:
            for name, value in (("write", mask), ("write_row", row), ("write_data", words)):
                ctx.set(getattr(memory, name), value)
            await ctx.tick()
            ctx.set(memory.write, 0)

        for row in range(3):
            await write(row, 3, [row, 100 + row])
        ctx.set(memory.row, 1)
        ctx.set(memory.write, 3)
        ctx.set(memory.write_row, 1)
        ctx.set(memory.write_data, [7, 8])
        assert list(ctx.get(memory.data)) == [1, 101]
        await ctx.tick()
        assert list(ctx.get(memory.data)) == [7, 8]
        await write(1, 2, [55, 66])
        assert list(ctx.get(memory.data)) == [7, 66]
        for row, words in ((0, [0, 100]), (2, [2, 102])):
            ctx.set(memory.row, row)
            assert list(ctx.get(memory.data)) == words

    simulate(memory, testbench)


@pytest.mark.parametrize("rows", [1, 2, 5, 8])
def test_capture_registers_hold_until_the_next_capture(rows: int) -> None:
    registers = CaptureRegisters(rows=rows, words=3, word_bits=10)
    words = np.random.default_rng(SEED).integers(0, 1024, (rows, 3))

    async def testbench(ctx: Any) -> None:
        ctx.set(registers.captured, words.ravel().tolist())
        ctx.set(registers.capture, 1)
        await ctx.tick()
        ctx.set(registers.captured, [0] * (3 * rows))
        ctx.set(registers.capture, 0)
        await ctx.tick()
        for row in range(rows):
            ctx.set(registers.row, row)
            assert list(ctx.get(registers.data)) == words[row].tolist()

    simulate(registers, testbench)


@pytest.mark.parametrize("component", [Ldpu, LdpuCore])
@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"columns": 12, "lanes": 3}, "lanes must be a power of two, not 3"),
        ({"columns": 12, "service_model": "F2"}, "must be a multiple of 8 with service_model 'F2', not 12"),
        ({"columns": 64, "lanes": 16, "service_model": "F2"}, "must be a multiple of 8 with service_model 'F2', not 4"),
    ],
)
def test_what_cannot_be_built_is_refused(component: Any, fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        component(parameters=LdpuParameters(**fields))


def test_fused_arithmetic_is_refused_by_the_lane_of_separate_operations() -> None:
    with pytest.raises(ValueError, match="arithmetic of this lane must be 'mul_add', not 'fused'"):
        Fp16Lane(parameters=LdpuParameters(arithmetic="fused"))
