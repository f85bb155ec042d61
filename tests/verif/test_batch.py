"""Batch simulation: what goes in and comes out, cycle by cycle, against Python's integers."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from gen.rtl import Port, Rtl
from verif.batch import simulate
from verif.packing import pack, unpack
from verif.run import CHUNK

WIDTHS = [1, 7, 8, 9, 16, 17, 31, 32, 33, 63, 64, 65, 96, 130]


@pytest.fixture
def random() -> np.random.Generator:
    return np.random.default_rng(7)


def _product_inputs(random: np.random.Generator, cycles: int) -> dict[str, np.ndarray]:
    ranges = {"a": (0, 1024), "b": (0, 1024), "u": (0, 256), "v": (0, 256), "c": (-128, 128)}
    return {name: random.integers(*limits, cycles) for name, limits in ranges.items()}


def _product(inputs: dict[str, np.ndarray]) -> np.ndarray:
    return inputs["a"] * inputs["u"] - inputs["b"] * inputs["v"] + inputs["c"]


def test_without_clock_every_vector(mixer: Rtl) -> None:
    a, b = (grid.ravel() for grid in np.meshgrid(np.arange(-128, 128), np.arange(256)))
    result = simulate(mixer, {"a": a, "b": b, "c": 9})
    assert list(result) == ["y"]
    assert result["y"].dtype == np.int64
    assert (result["y"] == a * b + 9).all()


def test_pipeline_by_cycle(products: Rtl, random: np.random.Generator) -> None:
    inputs = _product_inputs(random, 50_000)
    result = simulate(products, inputs)
    assert (result["y"][2:] == _product(inputs)[:-2]).all()
    assert (result["sum"] == (inputs["a"] + inputs["b"]) % 1024).all()
    # Two cycles of reset with inputs 0 come before.
    assert result["y"][:2].tolist() == [0, 0]


def test_constants_any_integer_type_and_absent_inputs(products: Rtl) -> None:
    narrow = {"a": np.arange(100, dtype=np.uint8), "u": np.full(100, 3, np.int32), "c": np.int8(-5)}
    assert (simulate(products, narrow)["y"][2:] == np.arange(98) * 3 - 5).all()
    assert simulate(products, {"a": True, "u": 255}, cycles=4)["y"].tolist() == [0, 0, 255, 255]
    assert simulate(products, {"a": np.arange(100)[::-2], "u": 1})["y"][2:].tolist() == [*range(99, 3, -2)]


@pytest.mark.parametrize("signed", [False, True])
def test_ports_of_every_width(signed: bool, random: np.random.Generator) -> None:
    kind = "signed" if signed else ""
    ports, lines = [], []
    for width in WIDTHS:
        ports += [Port(f"i{width}", "input", width, signed), Port(f"o{width}", "output", width, signed)]
        lines += [f"input {kind} [{width - 1}:0] i{width}", f"output {kind} [{width - 1}:0] o{width}"]
    assigns = "".join(f"assign o{width} = ~i{width};" for width in WIDTHS)
    rtl = Rtl("invert", f"module invert({', '.join(lines)}); {assigns} endmodule", tuple(ports), clocked=False)
    bits = {width: random.integers(0, 2, (300, width)) for width in WIDTHS}
    for values in bits.values():
        values[:2] = [[0], [1]]
    inputs = {f"i{width}": pack(values, 1) for width, values in bits.items()}
    inputs |= {f"i{width}": unpack(inputs[f"i{width}"], 1, width, signed)[:, 0] for width in WIDTHS if width <= 64}
    result = simulate(rtl, inputs)
    for width, values in bits.items():
        found = result[f"o{width}"]
        assert (unpack(found, width, 1, False) == 1 - values).all()
        if width <= 64:
            assert found.dtype == (np.uint64 if width == 64 and not signed else np.int64)
            exact = [~int(value) if signed else (1 << width) - 1 - int(value) for value in inputs[f"i{width}"]]
            assert found.tolist() == exact
        else:
            assert found.dtype == np.uint32
            assert found.shape == (300, -(-width // 32))


def test_wide_constants() -> None:
    ports = (Port("i", "input", 100, False), Port("o", "output", 100, False))
    verilog = "module wide(input [99:0] i, output [99:0] o); assign o = i; endmodule"
    rtl = Rtl("wide", verilog, ports, clocked=False)
    value = 0x1_2345_6789_ABCD_EF01_2345_6789
    words = np.array([value >> 32 * place & 0xFFFFFFFF for place in range(4)], np.uint32)
    assert simulate(rtl, {"i": value}, cycles=3)["o"].tolist() == [words.tolist()] * 3
    assert simulate(rtl, {"i": words}, cycles=3)["o"].tolist() == [words.tolist()] * 3


def test_names_that_verilator_would_change() -> None:
    declared = r"input [7:0] \class , a__b, output [7:0] \p[0] "
    verilog = rf"module \top.1 ({declared}); assign \p[0] = \class + a__b; endmodule"
    ports = (Port("class", "input", 8, False), Port("a__b", "input", 8, False), Port("p[0]", "output", 8, False))
    rtl = Rtl("top.1", verilog, ports, clocked=False)
    assert simulate(rtl, {"class": 3, "a__b": [4, 5]})["p[0]"].tolist() == [7, 8]


def test_outputs_are_read_before_the_edge_and_resets_act_on_it(state: Rtl, random: np.random.Generator) -> None:
    step, reset = random.integers(0, 2, 1000), random.integers(0, 20, 1000) == 0
    result = simulate(state, {"step": step, "rst": reset})
    count, expected, early = 0, [], []
    for up, clear in zip(step.tolist(), reset.tolist(), strict=True):
        expected.append(count)
        early.append(up & count)
        count = 0 if clear else count + up
    assert result["count"].tolist() == expected
    assert result["early"].tolist() == [word & 1 for word in early]


def test_registers_without_reset_start_as_the_seed_says(state: Rtl) -> None:
    starts = [int(simulate(state, {}, cycles=1, seed=seed)["held"][0]) for seed in range(8)]
    again = [int(simulate(state, {}, cycles=1, seed=seed)["held"][0]) for seed in range(8)]
    assert starts == again
    assert len(set(starts)) > 4
    assert simulate(state, {"load": [1, 0], "value": 77}, seed=3)["held"].tolist() == [starts[3], 77]


def test_long_runs_go_on_where_they_stopped(state: Rtl) -> None:
    cycles = 2 * CHUNK + 3
    result = simulate(state, {"step": 1}, cycles=cycles, outputs=["count"])
    assert list(result) == ["count"]
    assert (result["count"] == np.arange(cycles)).all()


def test_no_cycles(products: Rtl) -> None:
    assert simulate(products, {}, cycles=0)["y"].shape == (0,)
    assert simulate(products, {"a": np.zeros(0, int)})["y"].shape == (0,)


def test_threads_run_side_by_side(products: Rtl, state: Rtl, random: np.random.Generator) -> None:
    inputs = _product_inputs(random, 100_000)

    def run(serial: int) -> bool:
        if serial % 2:
            return bool((simulate(products, inputs)["y"][2:] == _product(inputs)[:-2]).all())
        return bool((simulate(state, {"step": 1}, cycles=100_000)["count"] == np.arange(100_000)).all())

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(run, range(16)))


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({"aa": 0}, r"^products has no free input 'aa', did you mean 'a'\? \(inputs: a, b, c, rst, u, v\)$"),
        ({"y": 0}, r"^products has no free input 'y'"),
        ({"a": [0, 5, 1024, 2000]}, r"^a must be between 0 and 1023, not 1024 \(cycle 2\)$"),
        ({"a": -1}, r"^a must be between 0 and 1023, not -1$"),
        ({"c": [128]}, r"^c must be between -128 and 127, not 128 \(cycle 0\)$"),
        ({"c": np.array([2**63], np.uint64)}, r"^c must be between -128 and 127, not 9223372036854775808 \(cycle 0\)$"),
        ({"rst": [2]}, r"^rst must be between 0 and 1, not 2 \(cycle 0\)$"),
        ({"a": [0.5]}, r"^a takes integers, not float64$"),
        ({"a": "5"}, r"^a takes integers, not <U1$"),
        ({"a": [[1]]}, r"^a takes one integer per cycle, not an array of shape \(1, 1\)$"),
        ({"a": [1, 2], "b": [1, 2, 3]}, r"^arrays by cycle must have one length: a 2, b 3$"),
        ({"a": 1}, r"^give cycles: no array fixes the length of the run of products$"),
    ],
)
def test_bad_inputs(products: Rtl, inputs: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        simulate(products, inputs)


def test_bad_options(products: Rtl) -> None:
    with pytest.raises(ValueError, match=r"^arrays by cycle must have one length: a 2, cycles 3$"):
        simulate(products, {"a": [1, 2]}, cycles=3)
    with pytest.raises(ValueError, match=r"^cycles must be at least 0, not -1$"):
        simulate(products, {}, cycles=-1)
    with pytest.raises(ValueError, match=r"^seed must be between 0 and 2147483646, not -1$"):
        simulate(products, {}, cycles=1, seed=-1)
    with pytest.raises(ValueError, match=r"^products has no output 'z' by cycle \(outputs: y, sum\)$"):
        simulate(products, {}, cycles=1, outputs=["y", "z"])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (-1, r"^i must be between 0 and 2\*\*100-1, not -1$"),
        (1 << 100, r"^i must be between 0 and 2\*\*100-1"),
        (0.5, r"^i takes an integer or the uint32 words that `pack` returns, not 0.5$"),
        (np.zeros((1, 3), np.uint32), r"^i takes uint32 words of shape \(cycles, 4\).*, not uint32 of shape \(1, 3\)$"),
        (np.zeros((1, 4), np.int64), r"^i takes uint32 words of shape \(cycles, 4\).*, not int64 of shape \(1, 4\)$"),
        (np.full((1, 4), 16, np.uint32), r"^i must be below 2\*\*100: bits beyond the port are set$"),
    ],
)
def test_bad_wide_inputs(value: object, message: str) -> None:
    rtl = Rtl("never", "", (Port("i", "input", 100, False),), clocked=False)
    with pytest.raises(ValueError, match=message):
        simulate(rtl, {"i": value}, cycles=1)
