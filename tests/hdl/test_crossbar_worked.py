"""Worked examples by hand through the Verilog of the tiles: every conversion, and what comes out; and a tile in use."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gen.rtl import Rtl, elaborate
from hdl.crossbar import CascadeParameters, IsaacParameters, NeuralPimParameters, crossbar_tile
from sim_models.arith.widths import index_bits
from sim_models.crossbar import latency, range_registers
from verif import crossbar_isaac as isaac
from verif import crossbar_isaac_loop, crossbar_tiles_loop
from verif import crossbar_tiles as tiles
from verif.batch import Sink, Source, simulate
from verif.packing import pack, unpack

SEED = 41
Integers = NDArray[np.int64]
Parameters = IsaacParameters | CascadeParameters | NeuralPimParameters

FOUR: dict[str, Any] = {"rows": 4, "input_bits": 4, "weight_bits": 3, "cell_bits": 1, "outputs": 1}
DIFFERENTIAL: dict[str, Any] = {"weight_encoding": "differential", "flip_encoding": False}
EXACT: dict[str, Any] = {"bitline_bits": None, "carry_columns": 0}
SLOW = pytest.mark.slow
FINE = 10  # bits of a code that tells all products of four rows from each other: 511 steps for 420

X, W = [5, 3, 12, 9], [3, -2, 5, -1]
SIGNED_X = [-7, 4, 6, -2]
WIDE_X, WIDE_W = [11, 6, 1, 14], [2, -7, 4, 3]

ROWS = np.arange(128)
X8, W8 = (37 * ROWS + 11) % 256, (53 * ROWS + 29) % 255 - 127
X16, W16 = (12345 * ROWS + 777) % 65536, (54321 * ROWS + 31415) % 65536 - 32768


def strategy_a(**fields: Any) -> IsaacParameters:
    chosen = FOUR | DIFFERENTIAL | {"signed_inputs": False, "converter": "ideal", "slots_per_cycle": 8}
    return IsaacParameters(**chosen | fields)


def strategy_b(**fields: Any) -> CascadeParameters:
    return CascadeParameters(**FOUR | EXACT | {"converter": "ideal", "slots_per_cycle": 8} | fields)


def strategy_c(**fields: Any) -> NeuralPimParameters:
    return NeuralPimParameters(**FOUR | {"dac_bits": 1, "slots_per_cycle": 8} | fields)


@cache
def surrounded(p: Parameters) -> Rtl:
    """The tile, with the array and all that is analog around it."""
    rtl = elaborate(crossbar_tile(p), f"crossbar_tile_{p.strategy}")
    if isinstance(p, IsaacParameters):
        return crossbar_isaac_loop.in_loop(rtl, p)
    return crossbar_tiles_loop.in_loop(rtl, p)


@dataclass(frozen=True, kw_only=True, eq=False)
class Work:
    """Weights (rows, outputs), and the vectors (vectors, rows) that come as soon as the cells hold them."""

    weights: Integers
    vectors: Integers


def column(weights: Any) -> Integers:
    return np.array(weights)[:, np.newaxis]


def one(vector: Any, weights: Any) -> Work:
    return Work(weights=column(weights), vectors=np.array(vector)[np.newaxis])


def loading(p: Parameters, weights: Integers) -> dict[str, Integers]:
    return isaac.writes(weights, p) if isinstance(p, IsaacParameters) else tiles.writes(weights, p)


def payloads(p: Parameters, vectors: Integers) -> NDArray[Any]:
    if isinstance(p, IsaacParameters):
        return pack(vectors, p.input_bits)
    return tiles.payloads(p, tiles.full_rate(np.zeros((p.rows, p.outputs), np.int64), vectors))


def last_taken(p: Parameters, vectors: int) -> int:
    """The clock cycle in which the last vector is taken, from the one on in which the first one is offered."""
    cycles = isaac.expected_cycles if isinstance(p, IsaacParameters) else tiles.expected_cycles
    return int(cycles(p, vectors)["taken"][-1])


def constants(p: Parameters) -> dict[str, int]:
    if not isinstance(p, NeuralPimParameters):
        return {}
    registers = range_registers(p)
    return {"range_mult": registers.range_mult, "range_shift": registers.range_shift}


def settled(p: Parameters) -> int:
    """Clock cycles after which nothing is under way any more, nor being cleared."""
    return (latency(p) + p.clear_cycles + p.outputs + 2) * p.slots_per_cycle


def results(p: Parameters, words: NDArray[Any]) -> Integers:
    """Payloads of the stream of products: (vectors, outputs)."""
    if not isinstance(p, IsaacParameters):
        return unpack(words, p.outputs, p.product_bits, True)
    assert np.array_equal(words >> p.sum_bits & (1 << index_bits(p.outputs)) - 1, np.arange(len(words)) % p.outputs)
    sign = 1 << p.sum_bits - 1
    return (((words & 2 * sign - 1) ^ sign) - sign).reshape(-1, p.outputs)


def play(p: Parameters, works: Sequence[Work]) -> dict[str, Any]:
    """Load each matrix when the vectors of the one before are done, and send it its vectors.

    ``values`` (vectors, outputs); ``codes`` of the first converter, all of them in turn; ``starts``, conversions by
    their strobe; ``adc_count``, as the tile counts them; ``taken`` and ``given``, clock cycles of both streams.
    """
    pieces, offered = [], []
    for work in works:
        words = loading(p, work.weights)
        quiet = settled(p)
        window = quiet + last_taken(p, len(work.vectors)) + 1
        total = len(words["w_data"]) + window + quiet
        pieces.append({name: np.pad(each, (0, total - len(each))) for name, each in words.items()})
        offered.append(np.zeros(total, bool))
        offered[-1][len(words["w_data"]) + quiet : len(words["w_data"]) + window] = True
    found = simulate(
        surrounded(p),
        {
            **constants(p),
            **{name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]},
            "vectors": Source(
                payloads=np.concatenate([payloads(p, work.vectors) for work in works]), valid=np.concatenate(offered)
            ),
            "products": Sink(),
        },
        outputs=["adc_start", "adc_count", *(["code"] if p.converter != "sar" else [])],
        seed=SEED,
    )
    return seen(p, found)


def seen(p: Parameters, found: dict[str, Any]) -> dict[str, Any]:
    shown = {
        "values": results(p, found["products"]),
        "starts": strobes(p, found["adc_start"]),
        "adc_count": int(found["adc_count"][-1]),
        "taken": found["vectors__cycle"],
        "given": found["products__cycle"],
    }
    if "code" in found:
        signed = p.signed_samples or isinstance(p, NeuralPimParameters)
        codes = unpack(found["code"], p.converters, p.code_bits, bool(signed))[:, 0]
        shown["codes"] = codes[np.flatnonzero(found["adc_start"] & 1) + 1].tolist()
    return shown


def strobes(p: Parameters, adc_start: NDArray[Any]) -> int:
    """Conversions: A has a strobe for each converter, the others one for all."""
    if not isinstance(p, IsaacParameters):
        return int(adc_start.sum()) * p.converters
    return sum(int((adc_start >> place & 1).sum()) for place in range(p.converters))


def require(p: Parameters, work: Work, values: list[int], codes: list[int]) -> None:
    """What comes out, each conversion of one converter in turn, and their number, strobe by strobe."""
    got = play(p, [work])
    assert got["values"].ravel().tolist() == values
    assert got["codes"] == codes
    assert got["starts"] == got["adc_count"] == len(codes)


# Sums by slices of the inputs, and by slices of the weights within.
POSITIVE = [[1, 1, 0], [0, 0, 0], [2, 1, 1], [1, 0, 1]]
NEGATIVE = [[1, 1, 0], [0, 1, 0], [0, 0, 0], [1, 0, 0]]
DIFFERENCES = [[0, 0, 0], [0, -1, 0], [2, 1, 1], [0, 0, 1]]
# The sign bits are driven as bits: the sums of the last cycle are positive, and subtracted.
DRIVEN = [[1, 1, 0], [0, 0, 1], [0, -1, 1], [0, 1, 0]]
WIDE = [[0, 3, -1], [2, 4, -1]]


def flat(table: list[list[int]]) -> list[int]:
    return [each for row in table for each in row]


@pytest.mark.parametrize(
    ("p", "values", "codes"),
    [
        (strategy_a(), [60], flat(DIFFERENCES)),
        pytest.param(
            strategy_a(conversion_polarity="separate"),
            [60],
            flat([plus + minus for plus, minus in zip(POSITIVE, NEGATIVE, strict=True)]),
            marks=SLOW,
        ),
        (strategy_b(), [60], [0, 0, 1, 1, 1, 1]),
        (strategy_c(), [18], [18]),
        (strategy_c(output_bits=FINE), [73], [73]),  # 60 of 420, in 511 steps
    ],
    ids=["isaac", "separate", "cascade", "neural_pim", "fine"],
)
def test_unsigned_inputs(p: Parameters, values: list[int], codes: list[int]) -> None:
    require(p, one(X, W), values, codes)


WHOLE: dict[str, Any] = {"dac_bits": 4}
WHOLE_SUMS = [5 + 12 - 9, 5 - 3, 12]  # 3 and 5 are 011 and 101, -2 and -1 the other way 010 and 001


@pytest.mark.parametrize(
    ("p", "values", "codes"),
    [
        pytest.param(strategy_a(**WHOLE), [60], WHOLE_SUMS, marks=SLOW),
        pytest.param(strategy_b(**WHOLE, allow_stalls=True), [60], WHOLE_SUMS, marks=SLOW),
        (strategy_c(**WHOLE), [18], [18]),
    ],
    ids=["isaac", "cascade", "neural_pim"],
)
def test_a_slice_alone(p: Parameters, values: list[int], codes: list[int]) -> None:
    """DACs have as many bits as inputs."""
    require(p, one(X, W), values, codes)


@pytest.mark.parametrize(
    ("p", "values", "codes"),
    [
        (strategy_a(signed_inputs=True), [3], flat(DRIVEN)),
        (strategy_b(signed_inputs=True), [3], [1, 1, 0, 0, 0, 0]),
        pytest.param(strategy_c(signed_inputs=True), [1], [1], marks=SLOW),  # 3 * 127 / 420 = 0.907
        (strategy_c(signed_inputs=True, output_bits=FINE), [4], [4]),  # 3 * 511 / 420 = 3.65
    ],
    ids=["isaac", "cascade", "neural_pim", "fine"],
)
def test_signed_inputs(p: Parameters, values: list[int], codes: list[int]) -> None:
    require(p, one(SIGNED_X, W), values, codes)


@pytest.mark.parametrize(
    ("p", "values", "codes"),
    [
        pytest.param(strategy_a(dac_bits=2), [26], flat(WIDE), marks=SLOW),
        (strategy_b(dac_bits=2), [26], [0, 3, 1, 4, -1]),
        pytest.param(strategy_c(dac_bits=2), [8], [8], marks=SLOW),  # 26 * 127 / 420 = 7.86
        (strategy_c(dac_bits=2, output_bits=FINE), [32], [32]),  # 26 * 511 / 420 = 31.63
    ],
    ids=["isaac", "cascade", "neural_pim", "fine"],
)
def test_two_bits_a_cycle(p: Parameters, values: list[int], codes: list[int]) -> None:
    require(p, one(WIDE_X, WIDE_W), values, codes)


@pytest.mark.parametrize("build", [strategy_a, strategy_b, strategy_c])
def test_signed_inputs_in_more_bits_a_cycle_are_refused(build: Any) -> None:
    """The golden model has them; the drivers of this hardware have no negative values."""
    with pytest.raises(ValueError, match="dac_bits must be 1 with signed_inputs, not 2"):
        build(signed_inputs=True, dac_bits=2)


OFFSET: dict[str, Any] = {"weight_bits": 4, "cell_bits": 2, "weight_encoding": "offset"}


def test_offset_weights_a_unit_column_and_flipped_columns() -> None:
    """In each cycle the sum of the inputs' bits, and what is read of the two columns, both flipped."""
    p = strategy_a(**OFFSET, flip_encoding=True)
    assert p.converter_bits == 3
    require(p, one(X, W), [60], [3, 1, 5, 1, 1, 2, 2, 2, 1, 2, 2, 2])


@SLOW
def test_offset_weights_without_flipped_columns() -> None:
    """As they are, the columns reach 8, which takes a bit more."""
    p = strategy_a(**OFFSET, flip_encoding=False)
    assert p.converter_bits == 4
    require(p, one(X, W), [60], [3, 8, 4, 1, 2, 1, 2, 4, 5, 2, 4, 4])
    # In B cells of one significance t + 2s add up: that is 2 for t = 2, s = 0 and t = 0, s = 1; 3 likewise.
    require(strategy_b(**OFFSET), one(X, W), [60], [8, 2, 4 + 4, 4 + 1, 5, 4])


FULL: dict[str, Any] = {"rows": 128, "input_bits": 8, "weight_bits": 8, "slots_per_cycle": 16}
COLUMNS = [-2, -1, 5, 6, -6, 5, 2, 2, 10, 16, 2, -3, 1, -1, 0]
SUMS = [-146, -235, 352, -57, 453, -413, 352, -108]
SIGNED_X8 = np.where(X8 >= 128, X8 - 256, X8)


def sums_of_slices(p: IsaacParameters, work: Work, values: list[int]) -> list[int]:
    """The sum of the codes at the significances of the weights, in each cycle."""
    got = play(p, [work])
    assert got["values"].ravel().tolist() == values
    assert got["starts"] == got["adc_count"] == p.cycles * p.slices
    return [int(each) for each in np.reshape(got["codes"], (p.cycles, p.slices)) @ (1 << np.arange(p.slices))]


@SLOW
def test_a_full_size_vector_in_isaac() -> None:
    assert sums_of_slices(strategy_a(**FULL), one(X8, W8), [3072]) == SUMS


@SLOW
def test_a_full_size_vector_in_cascade() -> None:
    require(strategy_b(**FULL), one(X8, W8), [3072], COLUMNS)


@SLOW
def test_a_full_size_vector_in_neural_pim() -> None:
    """The range is in registers: one tile, three ranges."""
    for fraction, shift, code in ((1.0, 32, 0), (1 / 4, 30, 0), (1 / 16, 28, 1)):
        p = strategy_c(**FULL, range_fraction=fraction)
        assert constants(p) == {"range_mult": 65535, "range_shift": shift}
        require(p, one(X8, W8), [code], [code])
        require(p, one(X8, -W8), [-code], [-code])


@SLOW
def test_a_full_size_vector_with_signed_inputs() -> None:
    """Only the sums of the sign bits count the other way."""
    signed: dict[str, Any] = FULL | {"signed_inputs": True}
    assert sums_of_slices(strategy_a(**signed), one(SIGNED_X8, W8), [30720]) == SUMS
    got = play(strategy_b(**signed), [one(SIGNED_X8, W8)])
    assert (got["values"].item(), got["starts"]) == (30720, 15)
    fine = strategy_c(**signed, output_bits=16)  # 30720 * 32767 / 8323200 = 120.94
    require(fine, one(SIGNED_X8, W8), [121], [121])


@SLOW
@pytest.mark.parametrize("dac_bits", [2, 4])
def test_a_full_size_vector_in_wider_slices(dac_bits: int) -> None:
    wide: dict[str, Any] = FULL | {"dac_bits": dac_bits}
    sums = {2: [-146 - 470, 352 - 114, 453 - 826, 352 - 216], 4: [336, 171]}[dac_bits]
    assert sums_of_slices(strategy_a(**wide), one(X8, W8), [3072]) == sums
    got = play(strategy_b(**wide), [one(X8, W8)])
    assert (got["values"].item(), got["starts"]) == (3072, 12 if dac_bits == 4 else 14)
    fine = strategy_c(**wide, output_bits=16)  # 3072 * 32767 / 8323200 = 12.09
    require(fine, one(X8, W8), [12], [12])


@SLOW
def test_a_full_size_vector_with_offset_weights() -> None:
    """The sum of the inputs, 16192 times 128, comes off 2075648."""
    offset: dict[str, Any] = FULL | {"weight_encoding": "offset"}
    for p in (strategy_a(**offset), strategy_a(**offset, flip_encoding=True)):
        got = play(p, [one(X8, W8)])
        assert (got["values"].item(), got["starts"]) == (3072, 8 * 8 + 8)
    got = play(strategy_b(**offset), [one(X8, W8)])
    assert (got["values"].item(), got["starts"]) == (3072, 15)


SIXTEEN: dict[str, Any] = {"rows": 128, "input_bits": 16, "weight_bits": 16, "cell_bits": 2}
SIXTEEN |= {"weight_encoding": "offset", "flip_encoding": True}


@pytest.mark.parametrize(
    ("signed", "value"),
    [(True, 1139188288), (False, 2555028032)],
)
@SLOW
def test_an_isaac_vector_of_16_bits(signed: bool, value: int) -> None:
    p = strategy_a(**SIXTEEN, signed_inputs=signed, slots_per_cycle=9)
    vector = np.where(X16 >= 32768, X16 - 65536, X16) if signed else X16
    assert loading(p, column(W16))["flip_flag"][:8].tolist() == [0, 0, 0, 0, 1, 0, 0, 1]
    assert p.converter_bits == 8
    got = play(p, [one(vector, W16)])
    assert got["values"].tolist() == [[value]]
    assert got["starts"] == got["adc_count"] == 16 * (8 + 1)
    codes = np.reshape(got["codes"], (16, 9))
    assert codes[:, 1:].max() == 128
    assert sum(int(each) << t for t, each in enumerate(codes[:-1, 0])) == (X16 & 0x7FFF).sum()
    assert X16.sum() == 4232768


@SLOW
def test_an_isaac_vector_of_16_bits_in_the_published_array() -> None:
    """All 16 outputs, with the registers that search: the same vector in the first one, other columns beside it."""
    p = IsaacParameters()
    signed = np.where(X16 >= 32768, X16 - 65536, X16)
    weights = np.stack([np.roll(W16, place) for place in range(16)], axis=1)
    got = play(p, [Work(weights=weights, vectors=np.stack([signed, signed]))])
    assert got["values"][0, 0] == 1139188288
    assert np.array_equal(got["values"], np.stack([signed, signed]) @ weights)
    assert got["starts"] == got["adc_count"] == 2 * 16 * 129
    first = got["taken"][0] - p.slots_per_cycle
    assert -(-(got["given"][15] - first) // p.slots_per_cycle) == 22


REUSED = [
    pytest.param(strategy_a(), id="isaac"),
    pytest.param(strategy_b(), id="cascade"),
    pytest.param(strategy_b(double_buffer=False), id="single_buffer"),
    pytest.param(strategy_c(output_bits=FINE), id="neural_pim"),
    pytest.param(strategy_a(outputs=3, converters=2, signed_inputs=True), id="more isaac", marks=SLOW),
    pytest.param(strategy_b(outputs=2, converters=2, signed_inputs=True), id="more cascade", marks=SLOW),
    pytest.param(strategy_c(outputs=4, converters=2, output_bits=FINE), id="more neural_pim", marks=SLOW),
]
CONVERSIONS = {"isaac": 12, "cascade": 6, "neural_pim": 1}  # of an output


def products(p: Parameters, vectors: Integers, weights: Integers) -> Integers:
    """Exact ones; of C the code of each, which `test_the_code_of_each_product` finds in integers alone."""
    exact = vectors @ weights
    if not isinstance(p, NeuralPimParameters):
        return exact
    assert (p.code_maximum, p.code_full_scale) == (511, 420)
    return np.sign(exact) * ((2 * np.abs(exact) * 511 + 420) // 840)


def test_the_code_of_each_product() -> None:
    """Of all products of four rows: by multiplier and shift it is the nearest, and no two have the same one."""
    p = strategy_c(output_bits=FINE)
    registers, exact = range_registers(p), np.arange(421)
    codes = (exact * registers.range_mult + (1 << registers.range_shift - 1)) >> registers.range_shift
    assert np.array_equal(codes, (2 * exact * 511 + 420) // 840)
    assert len(set(codes.tolist())) == 421


def drawn(p: Parameters, count: int, seed: int) -> Work:
    random = np.random.default_rng(seed)
    return Work(
        weights=random.integers(*p.weight_range, (p.rows, p.outputs), endpoint=True),
        vectors=random.integers(*p.input_range, (count, p.rows), endpoint=True),
    )


@pytest.mark.parametrize("p", REUSED)
def test_weights_loaded_again_between_vectors(p: Parameters) -> None:
    """Three matrices in one run: the results are those of the matrix that was there, the conversions of all."""
    works = [drawn(p, 5, 1), drawn(p, 1, 2), drawn(p, 7, 3)]
    got = play(p, works)
    assert np.array_equal(got["values"], np.concatenate([products(p, each.vectors, each.weights) for each in works]))
    assert got["starts"] == got["adc_count"] == 13 * p.outputs * CONVERSIONS[p.strategy]


@pytest.mark.parametrize("p", REUSED)
def test_back_to_back_with_and_without_stalls(p: Parameters) -> None:
    work = drawn(p, 60, 5)
    free, stalled = streamed(p, work, disturbed=False), streamed(p, work, disturbed=True)
    for seen in (free, stalled):
        assert np.array_equal(seen["values"], products(p, work.vectors, work.weights))
        assert seen["starts"] == 60 * p.outputs * CONVERSIONS[p.strategy]
    assert stalled["written"][-1] > free["written"][-1] + 20 * p.slots_per_cycle


def streamed(p: Parameters, work: Work, *, disturbed: bool) -> dict[str, Any]:
    """As vectors and products come and go at once, or vectors late and products in bursts."""
    bench: Any = isaac if isinstance(p, IsaacParameters) else tiles
    given = (work.weights, work.vectors)
    traffic = bench.disturbed(*given, p, SEED) if disturbed else bench.full_rate(*given)
    rtl = elaborate(crossbar_tile(p), f"crossbar_tile_{p.strategy}")
    if bench is tiles:
        return tiles.run(rtl, p, traffic, SEED, loop=lambda *_: surrounded(p))
    found = isaac.run(rtl, p, traffic, SEED)
    return found | {"values": found["value"].reshape(-1, p.outputs), "written": found["cycle"]}


def test_a_second_bank_of_buffer_cells_halves_the_interval() -> None:
    """With it a vector follows the slices of the one before, here 4 array cycles; without, its readout and clearing."""
    intervals = {}
    for p in (strategy_b(), strategy_b(double_buffer=False)):
        work = drawn(p, 8, 6)
        got = play(p, [work])
        assert np.array_equal(got["values"], work.vectors @ work.weights)
        intervals[p.double_buffer] = set(np.diff(got["taken"]).tolist())
    assert intervals == {True: {4 * 8}, False: {(4 + 1 + 1 + 1) * 8}}


SEARCHES: dict[str, Any] = {"converter": "sar", "slots_per_cycle": 16}
RESET = [
    pytest.param(strategy_a(), id="isaac"),
    pytest.param(strategy_a(**OFFSET, flip_encoding=True), id="flipped"),
    pytest.param(strategy_b(), id="cascade"),
    pytest.param(strategy_b(double_buffer=False), id="single_buffer"),
    pytest.param(strategy_c(output_bits=FINE), id="neural_pim"),
    pytest.param(strategy_a(**SEARCHES, outputs=3, converters=2), id="isaac that searches", marks=SLOW),
    pytest.param(strategy_b(**SEARCHES, outputs=3), id="cascade that searches", marks=SLOW),
    pytest.param(strategy_c(**SEARCHES, outputs=3, output_bits=FINE), id="neural_pim that searches", marks=SLOW),
]


@pytest.mark.parametrize("p", RESET)
def test_a_reset_in_every_clock_cycle_of_a_vector(p: Parameters) -> None:
    """Of a vector of largest inputs nothing comes any more, no conversion either; the next vector is as by hand."""
    weights = np.repeat(column(W), p.outputs, axis=1)
    words = loading(p, weights)
    first = len(words["w_data"]) + settled(p)
    taken = last_taken(p, 1)
    alone = play(p, [Work(weights=weights, vectors=np.array([X]))])
    assert alone["values"].tolist() == [[73 if isinstance(p, NeuralPimParameters) else 60] * p.outputs]
    largest, chosen = (payloads(p, np.array([each]))[0] for each in ([15] * 4, X))
    for clock in range(latency(p) * p.slots_per_cycle):
        after = first + clock + 1 + settled(p)
        length = after + taken + 1 + settled(p)
        valid = np.zeros(length, np.int64)
        valid[first : first + min(clock, taken + 1)] = 1
        valid[after : after + taken + 1] = 1
        reset = np.zeros(length, np.int64)
        reset[first + clock] = 1
        given = {name: np.pad(each, (0, length - len(each))) for name, each in words.items()}
        given |= {"rst": reset, "vectors__valid": valid, "products__ready": np.array(1), **constants(p)}
        given["vectors__payload"] = np.where(np.arange(length) < after, largest, chosen)
        found = simulate(surrounded(p), given, seed=SEED)
        quiet = slice(first + clock + 1, after)
        assert not found["products__valid"][quiet].any(), clock
        assert not found["adc_start"][quiet].any(), clock
        at = np.flatnonzero(found["products__valid"][after:]) + after
        assert results(p, found["products__payload"][at]).tolist() == alone["values"].tolist(), clock
        assert found["adc_count"][-1] == strobes(p, found["adc_start"][after:]) == alone["starts"], clock
