"""Alphabet-set multipliers, MACs and neurons in batch: every product of every set, random sums, benches, refusals."""

import gc
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Cat, Module, UnusedElaboratable
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from gen.catalog import find
from gen.rtl import elaborate
from hdl.asm import ActivationEncoder, AlphabetMultiplier, AsmMac, EncodedProduct, ExactMac, ExactNeuron, ExactProducts
from hdl.asm.cover import covers
from hdl.asm.exact_mac import EXACT_STRUCTURES
from hdl.asm.lane_parameters import EncodedParameters, LaneParameters
from sim_models.asm import AsmParameters
from verif.asm import every_product
from verif.batch import simulate
from verif.benches import run_design_bench
from verif.checks import batch_check
from verif.checks_form import require_equal
from verif.packing import pack, unpack

SEED = 7
EVERY = tuple(range(1, 16, 2))
SETS = [(1,), (1, 3), (1, 3, 5, 7), EVERY]
DESIGNS = (
    "asm_multiplier", "asm_mac", "asm_encoded_mac", "asm_neuron",
    "asm_exact_multiplier", "asm_exact_mac", "asm_exact_neuron",
)  # fmt: skip
OTHERS: list[dict[str, Any]] = [
    {"lanes": 3, "input_signed": True, "alphabets": (1, 5, 11)},
    {"weight_bits": 8, "input_bits": 8, "encode_weights": True, "encode_inputs": True, "sign_inside": True},
    {"weight_bits": 4, "sign_inside": True, "alphabets": (1,), "encode_weights": True, "unsupported": "dont_care"},
]


def supported(alphabets: tuple[int, ...], bits: int) -> list[int]:
    """By the definition: zero, and each alphabet shifted by 0 to 3 places, if it fits; every word of such quartets."""
    if bits > 4:
        return [high << 4 | low for high in supported(alphabets, bits - 4) for low in supported(alphabets, 4)]
    return sorted({0} | {a << shift for a in alphabets for shift in range(4) if a << shift < 1 << bits})


@pytest.mark.parametrize("alphabets", SETS, ids=str)
@pytest.mark.parametrize("bits", [4, 8])
def test_every_product_of_every_supported_weight(bits: int, alphabets: tuple[int, ...]) -> None:
    p = LaneParameters(alphabets=alphabets, weight_bits=bits, input_bits=8, lanes=4)
    grid = np.array(supported(alphabets, bits))
    assert len(grid) == {4: (5, 8, 12, 16), 8: (25, 64, 144, 256)}[bits][SETS.index(alphabets)]
    rows = np.resize(grid, (-(-len(grid) // 4), 4)).repeat(256, axis=0)
    x = np.tile(np.arange(256), len(rows) // 256)
    got = simulate(elaborate(AlphabetMultiplier(parameters=p), "dut"), {"x": x, "weights": pack(rows, bits)})
    assert np.array_equal(unpack(got["products"], 4, bits + 8, False), rows * x[:, None])
    assert not got["error"].any()


@pytest.mark.parametrize("alphabets", SETS, ids=str)
def test_every_unsupported_byte_is_an_error_and_only_its_good_quartets_count(alphabets: tuple[int, ...]) -> None:
    p = LaneParameters(alphabets=alphabets, lanes=1)
    words = np.arange(256)
    got = simulate(elaborate(AlphabetMultiplier(parameters=p), "dut"), {"x": np.full(256, 201), "weights": words})
    good = np.isin(np.arange(16), supported(alphabets, 4))
    low, high = words & 15, words >> 4
    assert np.array_equal(got["error"] == 1, ~(good[low] & good[high]))
    assert np.array_equal(got["products"], 201 * (np.where(good[low], low, 0) + 16 * np.where(good[high], high, 0)))


@pytest.mark.parametrize("fields", [{}, {"alphabets": (1,), "input_signed": True}], ids=str)
def test_every_signed_product_through_the_accumulator(fields: dict[str, Any]) -> None:
    p = LaneParameters(**fields)
    assert require_equal(*every_product(elaborate(AsmMac(parameters=p), "dut"), p), SEED) > 10_000


@pytest.mark.parametrize("name", DESIGNS)
def test_random_work_of_the_default(name: str) -> None:
    design = find(name)
    p = design.configuration()()
    assert batch_check(design)(design.elaborate(p), p, 2000, SEED) >= 2000


@pytest.mark.slow
@pytest.mark.parametrize(
    "fields", [OTHERS[0], *(pytest.param(each, marks=pytest.mark.slow) for each in OTHERS[1:])], ids=str
)
@pytest.mark.parametrize("name", DESIGNS)
def test_random_work_of_others(name: str, fields: dict[str, Any]) -> None:
    design = find(name)
    p = design.configuration()(**{"encode_weights": False, "encode_inputs": False, **fields})
    assert batch_check(design)(design.elaborate(p), p, 2000, SEED) >= 2000


@pytest.mark.parametrize("structure", EXACT_STRUCTURES)
@pytest.mark.parametrize("inside", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_every_exact_product_by_every_structure(structure: str, inside: bool) -> None:
    p = LaneParameters(weight_bits=8, input_bits=6, sign_inside=inside, lanes=2)
    rtl = elaborate(ExactMac(parameters=p, structure=structure), "dut")
    assert require_equal(*every_product(rtl, p, exact=True), SEED) > 10_000


@pytest.mark.parametrize("structure", EXACT_STRUCTURES)
def test_exact_neurons_of_every_structure(structure: str) -> None:
    p = LaneParameters(weight_bits=4, input_bits=4, lanes=2)
    rtl = elaborate(ExactNeuron(parameters=p, structure=structure), "asm_exact_neuron")
    assert batch_check(find("asm_exact_neuron"))(rtl, p, 2000, SEED) >= 2000


def test_a_mac_does_the_worked_examples() -> None:
    """Weights 104, 74 and -12 by 13: by {1,3,5,7} exactly, by {1,3} the last; minus zero adds nothing."""
    p = LaneParameters(alphabets=(1, 3, 5, 7), lanes=4)
    words = np.array([[104, 74, 256 + 12, 256]])
    got = simulate(
        elaborate(AsmMac(parameters=p), "dut"),
        {"x": [13, 0], "weights": pack(words.repeat(2, 0), 9), "first": 1, "valid": [1, 0]},
    )
    assert unpack(got["sums"], 4, p.accumulator_width, True)[1].tolist() == [1352, 962, -156, 0]


def test_errors_stay_until_cleared() -> None:
    p = LaneParameters(lanes=1, alphabets=(1,))
    ports: dict[str, Any] = {
        "x": 1, "first": 1,
        "weights": [3, 3, 0, 0, 0, 3, 3, 0],
        "valid":   [0, 1, 1, 0, 1, 1, 1, 0],
        "clear":   [0, 0, 0, 1, 0, 0, 1, 0],
    }  # fmt: skip
    rtl = elaborate(AsmMac(parameters=p), "dut")
    assert simulate(rtl, ports)["error"].tolist() == [0, 0, 1, 1, 0, 0, 1, 1]
    free = elaborate(AsmMac(parameters=replace(p, unsupported="dont_care")), "dut")
    assert not simulate(free, ports)["error"].any()


def test_all_code_pairs_of_one_and_three() -> None:
    """The table of 64 products by the code's definition; their sum is 1296."""
    values = np.array([1, 2, 4, 8, 3, 6, 12, 0])
    weight, x = (grid.ravel() for grid in np.meshgrid(np.arange(8), np.arange(8), indexing="ij"))
    got = simulate(elaborate(EncodedProduct(parameters=EncodedParameters()), "dut"), {"weight": weight, "x": x})
    assert np.array_equal(got["product"], values[weight] * values[x])
    assert got["product"].sum() == 1296
    assert not got["error"].any()


@pytest.mark.parametrize(
    "rounding", [("word", "down", False), ("word", "up", False), ("quartet", "down", True)], ids=str
)
@pytest.mark.parametrize("alphabets", [(1,), (1, 3)], ids=str)
@pytest.mark.parametrize("bits", [4, 8, pytest.param(12, marks=pytest.mark.slow)])
def test_activations_become_the_nearest_codes(bits: int, alphabets: tuple[int, ...], rounding: Any) -> None:
    mode, ties, carry = rounding
    p = LaneParameters(
        alphabets=alphabets, input_bits=bits, encode_inputs=True, rounding=mode, ties=ties, quartet_carry=carry
    )
    x = np.arange(1 << bits)
    code = simulate(elaborate(ActivationEncoder(parameters=p), "dut"), {"magnitude": x})["code"]
    meaning = [0, 0, 0, 0, 1, 2, 4, 8] if alphabets == (1,) else [1, 2, 4, 8, 3, 6, 12, 0]
    got = sum(np.array(meaning)[code >> 3 * j & 7] << 4 * j for j in range(bits // 4))
    grid = np.array(supported(alphabets, bits))
    assert np.isin(got, grid).all()
    if mode == "word":
        distance = np.abs(grid - x[:, None])
        nearest = grid[distance.argmin(axis=1)] if ties == "down" else grid[::-1][distance[:, ::-1].argmin(axis=1)]
        assert np.array_equal(got, nearest)
    elif bits == 8:
        picks = {(1,): {109: 128, 223: 128, 15: 16}, (1, 3): {31: 32, 111: 96, 255: 192}}[alphabets]
        assert {word: int(got[word]) for word in picks} == picks


def test_lanes_share_one_precomputer() -> None:
    verilog = elaborate(AsmMac(parameters=LaneParameters(lanes=4)), "dut").verilog
    assert verilog.count("precomputer precomputer") == 1
    assert verilog.count("asm_lane lane_") == 4
    man = elaborate(AsmMac(parameters=LaneParameters(alphabets=(1,), weight_bits=4)), "dut").verilog
    assert "select" not in man
    assert "full_adder" not in man.partition("module lane_multiplier")[2].partition("endmodule")[0]


class Tables(wiring.Component):
    """Many truth tables of one word, side by side."""

    def __init__(self, tables: list[tuple[list[int], list[int]]]) -> None:
        self.tables = tables
        self.word: Any
        self.lines: Any
        super().__init__({"word": In(4), "lines": Out(len(tables))})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += self.lines.eq(Cat(covers(self.word, ones, free) for ones, free in self.tables))
        return m


def test_covers_are_right_wherever_it_matters() -> None:
    random = np.random.default_rng(SEED)
    kinds = random.choice(3, (40, 16), p=[0.4, 0.4, 0.2])
    tables = [(np.flatnonzero(row == 1).tolist(), np.flatnonzero(row == 2).tolist()) for row in kinds]
    got = simulate(elaborate(Tables(tables), "dut"), {"word": np.arange(16)})["lines"]
    lines = got[np.newaxis] >> np.arange(40)[:, np.newaxis] & 1
    assert np.array_equal(lines[kinds < 2], kinds[kinds < 2])


@pytest.mark.parametrize("name", ["asm_mac", "asm_encoded_mac", "asm_neuron"])
def test_benches_pass(name: str) -> None:
    design = find(name)
    fields = {"lanes": 3, "input_signed": True}
    result = run_design_bench(design, design.configuration()(**fields), seed=SEED)
    assert result.tests == (1 if name == "asm_multiplier" else 2)


def test_a_wrong_expectation_is_reported() -> None:
    design = find("asm_mac")
    p = design.configuration()(lanes=1)
    vectors = design.bench_vectors(p)
    vectors["outputs"]["sums"][20] ^= 1
    with pytest.raises(AssertionError, match=r"result \d+: inputs .*, expected .*, got .* \(seed \d+\)"):
        run_design_bench(design, p, seed=SEED, vectors=vectors)


BY_NUMBER = (AsmMac, AlphabetMultiplier, ExactMac, ExactNeuron, ExactProducts, ActivationEncoder, EncodedProduct)
REFUSED: list[tuple[type, dict[str, Any], str]] = [
    *((component, {"parameters": 8}, "parameters must be a AsmParameters, not 8") for component in BY_NUMBER),
    *(
        (
            component,
            {"parameters": AsmParameters(), "structure": "wallace"},
            "structure must be one of 'shared_triple', 'operator', 'array', 'booth', not 'wallace'",
        )
        for component in (ExactProducts, ExactMac, ExactNeuron)
    ),
    (
        EncodedProduct,
        {"parameters": AsmParameters()},
        "parameters must be those of encoded weights and inputs of one quartet each",
    ),
    (ActivationEncoder, {"parameters": AsmParameters()}, "encode_inputs must be True to have codes, not False"),
]


@pytest.mark.parametrize(("component", "arguments", "message"), REFUSED)
def test_bad_parameters_are_refused(component: type, arguments: dict[str, Any], message: str) -> None:
    said = ""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnusedElaboratable)
        try:
            component(**arguments)
        except ValueError as error:
            said = str(error)
        gc.collect()  # Amaranth warns of the unused component when it is deleted
    assert said == message
