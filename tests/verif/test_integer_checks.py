"""The checks of integer arithmetic and of the SAR controller pass on other configurations, and notice what is wrong."""

import re
import shutil
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from gen.catalog import find
from gen.rtl import Port, Rtl
from verif.benches import run_design_bench
from verif.checks import batch_check
from verif.integers import run_vectors

SEED = 5
BENCHES: list[tuple[str, dict[str, Any]]] = [
    ("integer_multiply", {"a_format": "sign_magnitude", "b_format": "unsigned", "a_width": 5, "b_width": 4}),
    ("integer_multiply", {"a_width": 64, "b_width": 12, "structure": "array"}),
    ("multiply_accumulate", {"a_format": "unsigned", "b_format": "sign_magnitude", "structure": "booth"}),
    ("multiply_accumulate", {"a_width": 40, "accumulator_width": 100}),
    ("sar_controller", {"bits": 2, "register": "in_code"}),
    ("sar_controller", {"bits": 13, "sample_cycles": 4}),
]


@pytest.mark.parametrize(("name", "fields"), BENCHES, ids=str)
def test_benches_of_other_configurations(name: str, fields: dict[str, Any]) -> None:
    design = find(name)
    which = "icarus" if shutil.which("iverilog") else "verilator"
    assert run_design_bench(design, design.configuration()(**fields), simulator=which, seed=SEED).tests >= 1


def test_a_wrong_expectation_is_reported_with_index_inputs_and_seed() -> None:
    for name, key in (("multiply_accumulate", "outputs"), ("sar_controller", "codes")):
        design = find(name)
        parameters = design.configuration()()
        vectors = design.bench_vectors(parameters)
        results = vectors[key] if key == "codes" else vectors[key]["accumulator"]
        results[-1] ^= 1
        with pytest.raises(AssertionError, match=r"result \d+: inputs .*, expected .*, got .* \(seed \d+\)"):
            run_design_bench(design, parameters, seed=SEED, vectors=vectors)


def test_small_multipliers_are_checked_with_every_pair_of_operands() -> None:
    design = find("integer_multiply")
    parameters = design.configuration()(a_width=5, b_width=3)
    assert batch_check(design)(design.elaborate(parameters), parameters, 1000, SEED) == 256


@pytest.mark.parametrize("fields", [{}, {"a_width": 64, "b_width": 64}])
def test_a_product_of_other_operands_is_caught(fields: dict[str, Any]) -> None:
    design = find("integer_multiply")
    parameters = design.configuration()(**fields)
    rtl = design.elaborate(parameters)
    wrong = replace(rtl, verilog=rtl.verilog.replace("$signed(a) *", "$signed(b) *"))
    assert wrong != rtl
    with pytest.raises(AssertionError, match=r"results differ, first .* \(seed 5\)"):
        batch_check(design)(wrong, parameters, 1000, SEED)


@pytest.mark.parametrize(("signal", "other"), [("first", "1'h0"), ("enable", "1'h1")])
def test_an_accumulator_that_ignores_its_control_is_caught(signal: str, other: str) -> None:
    design = find("multiply_accumulate")
    parameters = design.configuration()()
    rtl = design.elaborate(parameters)
    wrong = replace(
        rtl, verilog=re.sub(rf"= {signal} &|& {signal};", lambda m: m[0].replace(signal, other), rtl.verilog)
    )
    assert wrong != rtl
    with pytest.raises(AssertionError, match="results differ"):
        batch_check(design)(wrong, parameters, 2000, SEED)


@pytest.mark.parametrize("register", ["one_hot", "in_code"])
@pytest.mark.parametrize("signal", ["sample", "dac", "comparator_enable", "done", "code", "ops", "overrun"])
def test_an_output_of_the_controller_that_is_stuck_is_caught(signal: str, register: str) -> None:
    design = find("sar_controller")
    parameters = design.configuration()(bits=3, register=register)
    inner = design.elaborate(parameters)
    ports = [port.name for port in inner.ports if port.name != signal]
    pins = ", ".join(f".{name}({name})" for name in ("clk", "rst", *ports))
    declared = "".join(f"  {port.direction} [{port.width - 1}:0] {port.name};\n" for port in inner.ports)
    names = ", ".join(["clk", "rst", *(port.name for port in inner.ports)])
    top = f"module stuck({names});\n  input clk, rst;\n{declared}  assign {signal} = 0;\n"
    broken = replace(inner, name="stuck", verilog=f"{inner.verilog}{top}  sar_controller core({pins});\nendmodule\n")
    with pytest.raises(AssertionError, match=f"first {signal}"):
        batch_check(design)(broken, parameters, 100, SEED)


def test_vectors_of_wide_ports_keep_every_bit() -> None:
    through = """
module through(input [99:0] a, input signed [63:0] b, input [63:0] c, output [99:0] x, output signed [99:0] y,
               output signed [63:0] z, output [63:0] w);
  assign x = a; assign y = a; assign z = b; assign w = c;
endmodule
"""
    ports = [("a", "input", 100, False), ("b", "input", 64, True), ("c", "input", 64, False)]
    ports += [("x", "output", 100, False), ("y", "output", 100, True), ("z", "output", 64, True)]
    rtl = Rtl("through", through, tuple(Port(*port) for port in (*ports, ("w", "output", 64, False))), False)
    a = [0, 1, (1 << 100) - 1, 1 << 99, (1 << 64) + 5]
    b, c = [-(1 << 63), -1, 0, 1, (1 << 63) - 1], [(1 << 64) - 1, 0, 1, 1 << 63, 7]
    shown = run_vectors(rtl, {"a": a, "b": b, "c": c})
    signed = [value - (1 << 100) if value >> 99 else value for value in a]
    assert {name: words.tolist() for name, words in shown.items()} == {"x": a, "y": signed, "z": b, "w": c}
    assert shown["x"].dtype == np.object_
