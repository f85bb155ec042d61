"""The digits network on crossbar arrays: counts by another route, exact sums, and the compiled loop beside numpy."""

from dataclasses import replace

import numba
import numpy as np
import pytest
from numpy.typing import NDArray

from flow.digits import data, network
from flow.digits.network import ARCHITECTURE, BatchNorm, Geometry, Layer, Network
from flow.sar.arrays import ENCODINGS, INPUT_BITS, ArrayParameters, LayerArrays, add_up, layer_counts, map_layer
from flow.sar.converters import convert_layer
from flow.sar.evaluation import Evaluation, layer_inputs, map_network
from flow.sar.popcount import kernel
from flow.sar.statistics import conversion_workload, layer_statistics, slice_weights
from sim_models.sar import ClippedParameters, Converter, SarParameters, TrqParameters, convert

EXACT = SarParameters(bits=10)
MAPPINGS = [
    ArrayParameters(cell_bits=cells, encoding=encoding, complement_columns=complement)
    for cells in (1, 2)
    for encoding in ENCODINGS
    for complement in (False, True)
]
CONVERTERS: list[Converter] = [
    TrqParameters(r1_bits=2, ratio_log2=4),
    TrqParameters(r1_start=6, r1_bits=2, r1_step_log2=1, ratio_log2=3),
    TrqParameters(bits=5, r1_bits=3, ratio_log2=1, r2_origin="after_r1"),
    TrqParameters(bits=9, r1_bits=3, ratio_log2=2, mid_rise=False),
    ClippedParameters(bits=8, kept_bits=3, step_log2=1, start=2),
    SarParameters(bits=4),
]

every_mapping = pytest.mark.parametrize("mapping", MAPPINGS, ids=str)


@pytest.fixture(scope="module")
def digits() -> data.Digits:
    return data.load()


@pytest.fixture(scope="module")
def net() -> Network:
    return network.load()


def random_layer(rows: int, columns: int, seed: int) -> Layer:
    rng = np.random.default_rng(seed)
    ones, zeros = np.ones(columns), np.zeros(columns)
    weights = rng.integers(-127, 128, (rows, columns), np.int8)
    weights[:, 0] = rng.integers(64, 128, rows)
    return Layer(
        geometry=Geometry(name="random", kernel=1, stride=1, padding=0, columns=columns),
        weights=weights,
        weight_scale=ones,
        batch_norm=BatchNorm(gamma=ones, beta=zeros, mean=zeros, variance=ones),
        input_scale=1.0,
        output_scale=1.0,
    )


def random_inputs(rows: int, vectors: int, seed: int) -> NDArray[np.int8]:
    rng = np.random.default_rng(seed)
    inputs = rng.integers(0, 128, (vectors, rows), np.int8)
    inputs[0], inputs[1] = 0, 127
    return inputs


def counts_by_cell(arrays: LayerArrays, inputs: NDArray[np.int8]) -> NDArray[np.int64]:
    """Cell by cell, from the weights: (vectors, input bits, tiles, columns, slices)."""
    p, weights = arrays.parameters, arrays.layer.weights.astype(int)
    branches = np.concatenate((weights.clip(0), (-weights).clip(0)), axis=1)
    stored = weights + 128 if p.encoding == "offset" else branches
    top = 2**p.cell_bits - 1
    tiles = range(0, len(weights), p.rows)
    counts = np.zeros((len(inputs), 7, len(tiles), stored.shape[1], p.slices), int)
    for tile, first in enumerate(tiles):
        rows = slice(first, first + p.rows)
        for part in range(p.slices):
            cells = stored[rows] // 2 ** (p.cell_bits * part) % (top + 1)
            if p.complement_columns:
                heavy = 2 * cells.sum(axis=0) > top * len(cells)
                cells = np.where(heavy, top - cells, cells)
            for bit in range(7):
                counts[:, bit, tile, :, part] = (inputs[:, rows] // 2**bit % 2) @ cells
    return counts


@every_mapping
def test_counts_are_those_of_the_cells(mapping: ArrayParameters) -> None:
    arrays = map_layer(random_layer(150, 5, 1), replace(mapping, rows=64))
    inputs = random_inputs(150, 20, 2)
    counts = layer_counts(arrays, inputs)
    assert counts.shape == (20, INPUT_BITS, 3, *arrays.complemented.shape[1:])
    assert (counts == counts_by_cell(arrays, inputs)).all()
    assert counts.max() <= arrays.largest_count <= 64 * (2**mapping.cell_bits - 1)
    if mapping.complement_columns:
        assert arrays.largest_count <= 64 * (2**mapping.cell_bits - 1) // 2
        assert arrays.complemented.any()
        assert not arrays.complemented.all()
    else:
        assert not arrays.complemented.any()


def test_numbers_of_slices_and_conversions() -> None:
    layer = random_layer(256, 10, 0)
    found = {(p.cell_bits, p.encoding): map_layer(layer, p).conversions for p in MAPPINGS if not p.complement_columns}
    assert found == {
        (1, "differential"): 7 * 2 * 20 * 7,
        (1, "offset"): 7 * 2 * 10 * 8,
        (2, "differential"): 7 * 2 * 20 * 4,
        (2, "offset"): 7 * 2 * 10 * 4,
    }


def test_full_columns_of_2_bit_cells_need_9_bits_or_complements() -> None:
    layer = random_layer(128, 3, 0)
    full = replace(layer, weights=np.full((128, 3), 127, np.int8))
    inputs = np.full((1, 128), 127, np.int8)
    plain = map_layer(full, ArrayParameters(cell_bits=2, encoding="offset"))
    assert layer_counts(plain, inputs).dtype == np.uint16
    assert layer_counts(plain, inputs).max() == plain.largest_count == 384
    assert convert_layer(plain, inputs, SarParameters(bits=8)).tally.clipped == plain.conversions
    assert convert_layer(plain, inputs, SarParameters(bits=9)).tally.clipped == 0
    statistics = layer_statistics(plain, inputs, 8)
    assert statistics.clipped == statistics.histogram[255] == plain.conversions
    complemented = map_layer(full, ArrayParameters(cell_bits=2, encoding="offset", complement_columns=True))
    assert complemented.largest_count == 0
    converted = convert_layer(complemented, inputs, SarParameters(bits=8))
    assert (converted.positive - converted.negative == 128 * 127 * 127).all()


@every_mapping
def test_exact_converters_give_the_exact_network(mapping: ArrayParameters, net: Network, digits: data.Digits) -> None:
    images, labels = digits.test_images[:60], digits.test_labels[:60]
    arrays = map_network(mapping, net)
    expected = network.run(net, images)[-1]
    for each, inputs in zip(arrays, layer_inputs(net, images), strict=True):
        positive, negative = network.branch_sums(each.layer, inputs)
        for sums in (add_up(each, inputs, layer_counts(each, inputs)), convert_sums(each, inputs, EXACT)):
            assert (sums[0] - sums[1] == positive - negative).all()
            if mapping.encoding == "differential":
                assert (sums[0] == positive).all()
    outcome = Evaluation(arrays, images, labels).run((EXACT,) * len(arrays))
    assert (outcome.logits == expected).all()
    assert outcome.loss == 0
    assert outcome.correct == int((expected.reshape(60, -1).argmax(axis=1) == labels).sum())


def convert_sums(
    arrays: LayerArrays, inputs: NDArray[np.int8], converter: Converter
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    converted = convert_layer(arrays, inputs, converter)
    return converted.positive, converted.negative


@every_mapping
@pytest.mark.parametrize("converter", CONVERTERS, ids=str)
def test_compiled_loop_equals_the_golden_model_on_every_count(mapping: ArrayParameters, converter: Converter) -> None:
    arrays = map_layer(random_layer(200, 6, 3), mapping)
    inputs = random_inputs(200, 30, 4)
    counts = layer_counts(arrays, inputs)
    golden = convert(counts, converter, clip=True)
    positive, negative = add_up(arrays, inputs, golden.value)
    converted = convert_layer(arrays, inputs, converter)
    assert (converted.positive == positive).all()
    assert (converted.negative == negative).all()
    assert converted.tally.conversions == counts.size == 30 * arrays.conversions
    assert converted.tally.operations == golden.operations.sum()
    assert converted.tally.clipped == golden.clipped.sum()


def test_the_loop_also_compiles_where_compiled_code_cannot_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = numba.njit

    def refusing(*, cache: bool = False, **options: bool) -> object:
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return kept(**options)

    monkeypatch.setattr("numba.njit", refusing)
    loop = kernel.__wrapped__(2, 1, 1)
    inputs, cells = np.array([3, 1 << 63], np.uint64), np.array([7, 1 << 63], np.uint64)
    sums = np.zeros((1, 1), np.int64)
    table = 10 * np.arange(129) | np.arange(129) << 16
    tally = loop(inputs.reshape(1, 1, 2, 1), cells.reshape(1, 1, 1, 2), np.full((1, 1, 1), -4), table, sums)
    assert (sums[0, 0], tally) == (-4 * 30, 3)


def test_layers_are_run_again_only_after_a_change(digits: data.Digits, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def counted(arrays: LayerArrays, inputs: NDArray[np.int8], converter: Converter) -> object:
        ran.append(arrays.name)
        return convert_layer(arrays, inputs, converter)

    monkeypatch.setattr("flow.sar.evaluation.convert_layer", counted)
    evaluation = Evaluation(map_network(ArrayParameters()), digits.test_images[:5], digits.test_labels[:5])
    lossy = TrqParameters(r1_bits=1, ratio_log2=5)
    first = evaluation.run((EXACT,) * 4)
    changed = evaluation.run((EXACT, EXACT, lossy, EXACT))
    again = evaluation.run((EXACT,) * 4)
    names = [geometry.name for geometry in ARCHITECTURE]
    assert ran == [*names, *names[2:]]
    assert again.loss == first.loss == 0 < changed.loss
    assert again.tallies == first.tallies


def test_histograms_count_every_conversion() -> None:
    arrays = map_layer(random_layer(140, 4, 5), ArrayParameters(cell_bits=2))
    inputs = random_inputs(140, 5000, 6)
    counts = layer_counts(arrays, inputs)
    statistics = layer_statistics(arrays, inputs, 6)
    expected = np.stack(
        [
            [np.bincount(counts[:, bit, :, :, part].clip(max=63).ravel(), minlength=64) for part in range(4)]
            for bit in range(7)
        ]
    )
    assert (statistics.by_slice == expected).all()
    assert (statistics.histogram == np.bincount(counts.clip(max=63).ravel(), minlength=64)).all()
    assert statistics.clipped == (counts > 63).sum() > 0
    assert statistics.conversions == counts.size
    assert statistics.share_below(1) == (counts == 0).mean()
    assert statistics.largest == 63
    assert slice_weights(arrays)[3, 2] == 2 ** (2 * (3 + 2 * 2))


def test_workload_has_the_distribution_of_the_counts() -> None:
    layers = [
        (map_layer(random_layer(rows, columns, seed), ArrayParameters()), random_inputs(rows, vectors, seed))
        for rows, columns, vectors, seed in ((9, 3, 500, 1), (150, 2, 200, 2))
    ]
    count = 200_000
    chosen, drawn = conversion_workload(layers, count, seed=3)
    again = conversion_workload(layers, count, seed=3)
    assert (chosen == again[0]).all()
    assert (drawn == again[1]).all()
    sizes = np.array([len(inputs) * arrays.conversions for arrays, inputs in layers])
    assert np.bincount(chosen) / count == pytest.approx(sizes / sizes.sum(), abs=0.01)
    for index, (arrays, inputs) in enumerate(layers):
        share = layer_statistics(arrays, inputs, 8).histogram / (len(inputs) * arrays.conversions)
        here = drawn[chosen == index]
        assert np.bincount(here, minlength=256) / len(here) == pytest.approx(share, abs=0.01)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"cell_bits": 3}, "cell_bits must be between 1 and 2, not 3"),
        ({"cell_bits": True}, "cell_bits must be an integer, not True"),
        ({"encoding": "twos_complement"}, "encoding must be one of differential, offset, not 'twos_complement'"),
        ({"rows": 0}, "rows must be between 1 and 4096, not 0"),
        ({"complement_columns": 1}, "complement_columns must be a bool, not 1"),
    ],
)
def test_bad_mappings_are_refused(fields: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError) as refusal:
        ArrayParameters(**fields)  # type: ignore[arg-type]  # each is wrong on purpose
    assert str(refusal.value) == message


def test_bad_inputs_are_refused() -> None:
    arrays = map_layer(random_layer(9, 2, 0), ArrayParameters())
    for inputs, message in (
        (np.zeros((3, 8), np.int8), "inputs of random must have the shape (vectors, 9), not (3, 8)"),
        (np.full((3, 9), -1, np.int8), "inputs of random must be int8 of 0..127"),
        (np.zeros((3, 9), np.int64), "inputs of random must be int8 of 0..127"),
    ):
        for function in (layer_counts, lambda *each: convert_layer(*each, EXACT)):
            with pytest.raises(ValueError) as refusal:
                function(arrays, inputs)
            assert str(refusal.value) == message
    with pytest.raises(ValueError) as refusal:
        conversion_workload([(arrays, np.zeros((3, 9), np.int8))], 0, seed=1)
    assert str(refusal.value) == "count must be at least 1, not 0"
