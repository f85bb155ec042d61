"""The whole half-precision unit on many columns, compiled: results, cycle counts, partial sums."""

from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gen.describe import describe_ports
from gen.rtl import Rtl, elaborate
from hdl.nmpu_fp16 import Ldpu
from sim_models.nmpu import LdpuParameters, half_words, ldpu_aggregate, ldpu_process
from verif.batch import Source, simulate
from verif.nmpu_fp16 import configuration, joined, results, tiles
from verif.packing import pack

SEED = 256

# count_p, slope_p, count_n, slope_n, offset, value and result with separate, with fused operations; ReLU on
VECTORS = [
    (613, 0x3450, 247, 0x3390, 0x4680, 113, 113),
    (520, 0x3400, 500, 0x3400, 0x3800, 6, 6),
    (518, 0x3400, 500, 0x3400, 0x0000, 4, 4),
    (1023, 0x37F8, 0, 0x0000, 0x0000, 127, 127),
    (0, 0x0000, 1023, 0x37F8, 0xD400, 0, 0),
    (511, 0x3400, 512, 0x3400, 0x0000, 0, 0),
    (777, 0x3429, 123, 0x33F8, 0xC29A, 127, 127),
    (840, 0x3549, 591, 0x3571, 0xCC7C, 59, 58),
    (704, 0x3178, 228, 0x33E7, 0x48BF, 74, 73),
]


@cache
def unit(parameters: LdpuParameters) -> Rtl:
    return elaborate(Ldpu(parameters=parameters), "nmpu_fp16")


def usual_words(random: np.random.Generator, columns: int) -> NDArray[np.int64]:
    return half_words([*random.uniform(0.05, 0.4, (2, columns)), random.uniform(-60, 60, columns)])


def float16_lane(positive: NDArray, negative: NDArray, words: NDArray, relu: NDArray) -> NDArray[np.int64]:
    """Separately rounded operations and int8, in numpy's float16."""
    slope_p, slope_n, offset = words.astype(np.uint16).view(np.float16)
    with np.errstate(all="ignore"):
        value = (positive.astype(np.float16) * slope_p - negative.astype(np.float16) * slope_n) + offset
    number = value.astype(np.float64)
    rectified = np.where((relu == 1) & (number < 0), 0, number)
    return np.where(np.isnan(number), 0, np.clip(np.rint(rectified), -128, 127)).astype(np.int64)


@pytest.mark.parametrize("model", ["F1", "F2", "F3"])
def test_256_columns_take_the_cycles_of_the_service_model(model: str) -> None:
    parameters = LdpuParameters(service_model=model)
    counts = np.arange(512).reshape(1, 2, 256) * 2
    outputs = simulate(
        unit(parameters), tiles(parameters, counts[:, 0], counts[:, 1]), outputs=["busy", "done", "out_valid"]
    )
    (done,) = np.flatnonzero(outputs["done"])
    assert done == {"F1": 261, "F2": 517, "F3": 1029}[model]
    assert np.flatnonzero(outputs["out_valid"])[-1] == done
    assert outputs["out_valid"].sum() == 256
    np.testing.assert_array_equal(outputs["busy"], (np.arange(len(outputs["busy"])) >= 1))


@pytest.mark.parametrize(
    "fields", [{}, {"service_model": "F2"}, {"service_model": "F3"}, {"lanes": 4, "arithmetic": "fused"}]
)
def test_definition_vectors(fields: dict[str, object]) -> None:
    parameters = LdpuParameters(**fields)
    count_p, slope_p, count_n, slope_n, offset, separate, fused = np.resize(np.array(VECTORS), (256, 7)).T
    program = [
        configuration(np.array([slope_p, slope_n, offset])),
        tiles(parameters, count_p[None], count_n[None], relu=1),
    ]
    data, invalid = results(parameters, simulate(unit(parameters), joined(program)))
    np.testing.assert_array_equal(data[0], separate if parameters.arithmetic == "mul_add" else fused)
    assert not invalid.any()


def test_pipelined_lane_equals_numpy_float16_on_100_000_columns() -> None:
    parameters = LdpuParameters()
    random = np.random.default_rng(SEED)
    program, expected = [], []
    for _ in range(8):
        words = usual_words(random, 256)
        positive, negative = random.integers(0, 1024, (2, 50, 256))
        relu = random.integers(0, 2, 50)
        program += [configuration(words), tiles(parameters, positive, negative, relu=relu)]
        expected.append(float16_lane(positive, negative, words, relu[:, None]))
    data, invalid = results(parameters, simulate(unit(parameters), joined(program)))
    assert data.size == 102_400
    np.testing.assert_array_equal(data, np.concatenate(expected))
    assert not invalid.any()


@pytest.mark.parametrize(
    "fields",
    [
        {"service_model": "F2"},
        {"service_model": "F2", "lanes": 2, "flush_to_zero": True},
        {"service_model": "F3"},
        {"lanes": 4, "arithmetic": "fused"},
    ],
)
def test_fused_lanes_equal_the_golden_model_on_any_words(fields: dict[str, object]) -> None:
    """Half of the columns have usual parameters, half any binary16 words, infinities and NaN among them."""
    parameters = LdpuParameters(**fields)
    random = np.random.default_rng(SEED)
    program, expected, marks = [], [], []
    for _ in range(10):
        words = usual_words(random, 256)
        words[:, ::2] = random.integers(0, 1 << 16, (3, 128))
        positive, negative = random.integers(0, 1024, (2, 40, 256)) >> random.integers(0, 10, (2, 40, 256))
        relu = random.integers(0, 2, 40)
        program += [configuration(words), tiles(parameters, positive, negative, relu=relu)]
        golden = ldpu_process(positive, negative, *words, relu[:, None], parameters)
        expected.append(golden.output)
        marks.append(golden.invalid)
    data, invalid = results(parameters, simulate(unit(parameters), joined(program)))
    assert data.size == 102_400
    np.testing.assert_array_equal(data, np.concatenate(expected))
    np.testing.assert_array_equal(invalid, np.concatenate(marks))
    assert 0 < invalid.sum() < invalid.size // 8


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("fields", [{}, {"service_model": "F2"}, {"lanes": 4, "arithmetic": "fused"}])
def test_partial_sums_of_tiles(fields: dict[str, object], count: int) -> None:
    parameters = LdpuParameters(**fields)
    random = np.random.default_rng(SEED)
    slopes = half_words(random.uniform(0.02, 0.2, (2, count, 256)))
    offset = half_words(random.uniform(-20, 20, 256))
    positive, negative = random.integers(0, 1024, (2, count, 256))
    program = []
    for tile in range(count):
        last = tile == count - 1
        program.append(configuration(np.array([*slopes[:, tile], offset if tile == 0 else np.full(256, 0x7E00)])))
        settings = {"addend_source": tile > 0, "write_aggregate": not last, "emit": last, "relu": 1}
        program.append(tiles(parameters, positive[tile : tile + 1], negative[tile : tile + 1], **settings))
    data, invalid = results(parameters, simulate(unit(parameters), joined(program)))
    golden = ldpu_aggregate(positive, negative, *slopes, offset, True, parameters)
    np.testing.assert_array_equal(data, golden.output[None])
    assert not invalid.any()


def test_serial_capture_streams_all_columns() -> None:
    parameters = LdpuParameters(columns=64, lanes=2, capture="serial")
    random = np.random.default_rng(SEED)
    words = usual_words(random, 64)
    counts = random.integers(0, 1024, (40, 2, 32, 2))
    rows = pack(np.moveaxis(counts, 1, 2).reshape(-1, 4), 10)
    setting = joined([configuration(words), {"start": np.zeros(20_000, np.int64)}])
    setting["start"][len(words.ravel()) :] = 1
    steady = {"emit": np.ones_like(setting["start"])}
    source = Source(payloads=rows, valid=random.integers(0, 2, 997))
    outputs = simulate(unit(parameters), {**setting, **steady, "counts": source})
    data, _ = results(parameters, outputs)
    positive, negative = np.moveaxis(counts, 1, 0).reshape(2, 40, 64)
    np.testing.assert_array_equal(data, float16_lane(positive, negative, words, np.zeros((40, 1))))
    assert outputs["done"].sum() == 40
    # From the last row taken to done: the issue of 32 rows and the drain.
    taken = outputs["counts__cycle"].reshape(40, 32)[:, -1]
    np.testing.assert_array_equal(np.flatnonzero(outputs["done"]) - taken, 32 + 5)


def test_ports_state_their_formats() -> None:
    def described(parameters: LdpuParameters) -> dict[str, dict[str, Any]]:
        component = Ldpu(parameters=parameters)
        elaborate(component, "nmpu_fp16")  # Amaranth warns of components that are never elaborated
        return {port["name"]: port for port in describe_ports(component)}

    ports = described(LdpuParameters(lanes=2))
    unsigned = {"kind": "unsigned", "integer_bits": 10, "fraction_bits": 0}
    assert (ports["count_p"]["lanes"], ports["count_p"]["lane"]["format"]) == (256, unsigned)
    assert (ports["out_data"]["lanes"], ports["out_data"]["lane"]["format"]["kind"]) == (2, "two's complement")
    assert ports["cfg_data"]["format"] == {"kind": "IEEE float", "exponent_bits": 5, "fraction_bits": 10}
    payload = described(LdpuParameters(lanes=2, capture="serial"))["counts__payload"]
    assert [field["lane"]["format"] for field in payload["fields"]] == [unsigned, unsigned]
