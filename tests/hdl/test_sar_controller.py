"""The plain controller: every count of small and usual resolutions, both registers, all inputs in all cycles."""

import dataclasses
import gc
import warnings
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import UnusedElaboratable
from amaranth.sim import Simulator

from gen.rtl import Rtl, elaborate
from hdl.sar import SarController
from sim_models.sar import SarParameters
from verif import sar
from verif.sequential import prove_same

SEED = 2402


def controller(**fields: Any) -> Rtl:
    return elaborate(SarController(parameters=SarParameters(**fields)), "sar_controller")


@pytest.mark.parametrize("register", ["one_hot", "in_code"])
@pytest.mark.parametrize(("bits", "sample_cycles"), [(2, 1), (3, 2), (8, 1), (11, 5), (16, 1)])
def test_every_output_in_every_cycle(bits: int, sample_cycles: int, register: str) -> None:
    p = SarParameters(bits=bits, sample_cycles=sample_cycles, register=register)
    rtl = elaborate(SarController(parameters=p), "sar_controller")
    counts = np.random.default_rng(SEED).permutation(1 << bits)
    for schedule in (sar.full_rate(counts, p), sar.disturbed(counts, p, SEED)):
        got, expected = sar.run(rtl, p, schedule, SEED), sar.expected(p, schedule)
        for name, values in expected.items():
            assert np.array_equal(got[name], values), name
    assert expected["overrun"][-1] == 1
    assert expected["code"].max() == (1 << bits) - 1


@pytest.mark.parametrize("register", ["one_hot", "in_code"])
def test_search_with_the_comparator_in_the_loop(register: str) -> None:
    p = SarParameters(bits=6, sample_cycles=2, register=register)
    dut = SarController(parameters=p)
    found = []

    async def testbench(ctx: Any) -> None:
        for count in range(64):
            ctx.set(dut.start, 1)
            await ctx.tick()
            ctx.set(dut.start, 0)
            cycles = compared = 0
            while not ctx.get(dut.done):
                assert ctx.get(dut.comparator_enable) + ctx.get(dut.sample) == 1
                compared += ctx.get(dut.comparator_enable)
                ctx.set(dut.cmp, count >= ctx.get(dut.dac) and ctx.get(dut.comparator_enable))
                await ctx.tick()
                cycles += 1
            found.append((ctx.get(dut.code), compared, cycles))
            assert ctx.get(dut.ops) == compared

    simulator = Simulator(dut)
    simulator.add_clock(1e-9)
    simulator.add_testbench(testbench)
    simulator.run()
    assert found == [(count, 6, 8) for count in range(64)]


def shown_results(name: str, core: str, bits: int) -> str:
    """The controller with ``code`` shown from done to the next start, and 0 elsewhere: it is only promised there."""
    width = bits.bit_length() - 1
    return f"""
module {name}(input clk, input rst, input start, input cmp, output sample, output [{bits - 1}:0] dac,
              output comparator_enable, output done, output [{bits - 1}:0] code, output [{width}:0] ops,
              output overrun);
  wire [{bits - 1}:0] any_code;
  reg held;
  always @(posedge clk) held <= !rst && (done || held) && !start;
  assign code = done || held ? any_code : 0;
  {core} core(.clk(clk), .rst(rst), .start(start), .cmp(cmp), .sample(sample), .dac(dac), .done(done),
              .comparator_enable(comparator_enable), .code(any_code), .ops(ops), .overrun(overrun));
endmodule
"""


@pytest.mark.parametrize(("bits", "sample_cycles"), [(2, 1), (4, 3), (8, 1)])
def test_both_registers_do_the_same_for_all_inputs_in_all_cycles(bits: int, sample_cycles: int) -> None:
    first = controller(bits=bits, sample_cycles=sample_cycles)
    second = controller(bits=bits, sample_cycles=sample_cycles, register="in_code")
    renamed = second.verilog.replace("module sar_controller", "module in_code")
    shown = dataclasses.replace(
        first, name="shown", verilog=first.verilog + shown_results("shown", "sar_controller", bits)
    )
    assert prove_same(shown, renamed + shown_results("statement", "in_code", bits)).proved
    wrong = renamed.replace("cmp :", "1'h0 :", 1) + shown_results("statement", "in_code", bits)
    assert "1'h0 :" in wrong
    assert not prove_same(shown, wrong).proved


def test_bad_parameters_are_refused() -> None:
    said = ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnusedElaboratable)
        try:
            SarController(parameters=8)  # type: ignore[arg-type]  # that it is no SarParameters is the point
        except ValueError as error:
            said = str(error)
        gc.collect()  # Amaranth warns of the unused component when it is deleted
    assert said == "parameters must be a SarParameters, not 8"
