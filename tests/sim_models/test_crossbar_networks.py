"""Tables of networks, what their layers take on crossbars, copies of layers and the throughput that follows."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sim_models.crossbar import ISAAC_PAPER, CrossbarParameters, convolution, eight_bit
from sim_models.crossbar.energy import POWER_TIME, Operating, energies, isaac_energy
from sim_models.crossbar.network_counts import LayerCounts, layer_counts, total_counts
from sim_models.crossbar.network_energy import NetworkEnergy, network_energy
from sim_models.crossbar.networks import NETWORKS, Network, NetworkLayer, load, neuraltalk, read_table
from sim_models.crossbar.parameters import CASCADE, ISAAC, NEURAL_PIM, STRATEGIES
from sim_models.crossbar.replication import replicate
from sim_models.crossbar.throughput import (
    AREA_RULES,
    TILE_AREA,
    arrays_of,
    budget,
    common_chips,
    mapped,
    strategy_parameters,
)

EXACT = {
    "alexnet": (714_188_480, 61_090_496),
    "vgg16": (15_470_264_320, 138_344_128),
    "vgg19": (19_632_062_464, 143_652_544),
}
GUARDS = {"resnet50": 4.1e9, "resnet101": 7.8e9, "inception_v3": 5.7e9, "mobilenet_v1": 0.57e9}
COLUMNS = (
    "name,kind,in_channels,out_channels,kernel_h,kernel_w,stride,padding_h,padding_w,groups,in_h,in_w,repeat,edges"
)
ROW = "a,conv,3,8,3,3,1,1,1,1,8,8,1,exact"


def counts_of(name: str, parameters: CrossbarParameters) -> LayerCounts:
    return total_counts(load(name).layers, parameters)


@pytest.mark.parametrize("name", EXACT)
def test_multiply_accumulates_and_weights_of_three_networks(name: str) -> None:
    network = load(name)
    assert (network.macs, network.weights) == EXACT[name]


@pytest.mark.parametrize("name", GUARDS)
def test_multiply_accumulates_of_the_others_are_near_the_usual_figures(name: str) -> None:
    assert load(name).macs == pytest.approx(GUARDS[name], rel=0.05)


def test_googlenet_is_as_its_table_has_it() -> None:
    """Operations of its Table 1 in millions, all within 6 %, but for the first layer: 34 there, 118 by its shape."""
    rows = {
        "conv2": 360, "inception_3a": 128, "inception_3b": 304, "inception_4a": 73, "inception_4b": 88,
        "inception_4c": 100, "inception_4d": 119, "inception_4e": 170, "inception_5a": 54, "inception_5b": 71,
        "linear": 1,
    }  # fmt: skip
    layers = load("googlenet").layers
    for name, millions in rows.items():
        found = sum(layer.macs for layer in layers if layer.name.split("/")[0] == name)
        assert found * 1e-6 == pytest.approx(millions, rel=0.06, abs=0.6), name
    assert layers[0].macs == 112 * 112 * 7 * 7 * 3 * 64


def modules(network: Network) -> dict[str, dict[str, NetworkLayer]]:
    """Layers by the two parts of their names."""
    found: dict[str, dict[str, NetworkLayer]] = {}
    for layer in network.layers:
        module, _, part = layer.name.partition("/")
        found.setdefault(module, {})[part] = layer
    return found


@pytest.mark.parametrize(("name", "stages"), [("resnet50", (3, 4, 6, 3)), ("resnet101", (3, 4, 23, 3))])
def test_bottlenecks_follow_each_other(name: str, stages: tuple[int, ...]) -> None:
    blocks = modules(load(name))
    assert [key for key in blocks if "_" in key] == [
        f"conv{stage}_{block}" for stage, count in enumerate(stages, 2) for block in range(1, count + 1)
    ]
    channels, size = 64, 56
    for key, parts in list(blocks.items())[1:-1]:
        first, middle, last = parts["1x1a"], parts["3x3"], parts["1x1b"]
        assert (first.in_channels, first.in_h) == (channels, size), key
        assert (middle.in_channels, last.in_channels) == (first.out_channels, middle.out_channels)
        assert last.out_channels == 4 * first.out_channels
        assert ("shortcut" in parts) == key.endswith("_1")
        if "shortcut" in parts:
            short = parts["shortcut"]
            assert (short.in_channels, short.out_channels, short.out_size) == (
                channels,
                last.out_channels,
                last.out_size,
            )
        channels, size = last.out_channels, last.out_size[0]
    assert (channels, size, load(name).layers[-1].terms) == (2048, 7, 2048)


def test_inception_modules_follow_each_other() -> None:
    found = modules(load("googlenet"))
    channels = 192
    for key, parts in found.items():
        if key.startswith("inception"):
            assert all(parts[part].in_channels == channels for part in ("1x1", "3x3_reduce", "5x5_reduce", "pool_proj"))
            assert all(parts[f"{part}_reduce"].out_channels == parts[part].in_channels for part in ("3x3", "5x5"))
            channels = sum(parts[part].out_channels for part in ("1x1", "3x3", "5x5", "pool_proj"))
    assert channels == found["linear"][""].in_channels == 1024
    third = modules(load("inception_v3"))
    inputs = [third[key]["1x1"].in_channels for key in third if key.startswith("mixed")]
    assert inputs == [192, 256, 288, 768, 768, 768, 768, 1280, 2048]
    sizes = {parts["1x1"].in_h for key, parts in third.items() if key.startswith("mixed")}
    assert sizes == {35, 17, 8}


@pytest.mark.parametrize("name", ["vgg16", "vgg19", "mobilenet_v1"])
def test_layers_in_a_row_follow_each_other(name: str) -> None:
    layers = load(name).layers
    for layer, after in pairwise(layers):
        if after.kind != "fc" or layer.kind == "fc":
            assert after.in_channels == layer.out_channels, after.name
            assert after.in_h in (layer.out_size[0], layer.out_size[0] // 2), after.name


@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_names_its_source(name: str) -> None:
    assert "arXiv" in load(name).source
    assert load(name).name == name


def test_vgg16_by_its_plan() -> None:
    plan = [64, 64, "pool", 128, 128, "pool", 256, 256, 256, "pool", 512, 512, 512, "pool", 512, 512, 512]
    channels, size, layers = 3, 224, iter(load("vgg16").layers)
    for step in plan:
        if step == "pool":
            size //= 2
            continue
        layer = next(layers)
        assert (layer.terms, layer.group_outputs, layer.positions) == (9 * channels, step, size * size)
        channels = int(step)
    assert [layer.weights for layer in layers] == [25088 * 4096, 4096 * 4096, 4096 * 1000]


def test_sums_on_the_arrays_of_neural_pim() -> None:
    alexnet, vgg = (counts_of(name, strategy_parameters(NEURAL_PIM)) for name in ("alexnet", "vgg16"))
    assert (alexnet.arrays, alexnet.array_vmms, alexnet.conversions) == (59_696, 714_224, 5_713_792)
    assert (vgg.arrays, vgg.array_vmms, vgg.conversions) == (135_120, 15_725_472, 125_803_776)
    assert vgg.macs // 128 == 120_861_440
    assert counts_of("vgg16", eight_bit(ISAAC)).conversions == 64 * 125_803_776
    assert counts_of("vgg16", eight_bit(CASCADE)).conversions == 15 * 125_803_776
    assert vgg.utilisation == pytest.approx(15_470_264_320 / (15_725_472 * 1024))


@pytest.mark.parametrize("name", NETWORKS)
def test_isaac_converts_once_a_multiply_accumulate_up_to_edges(name: str) -> None:
    network = load(name)
    found = counts_of(name, ISAAC_PAPER)
    padded = sum(layer.macs * (-(-layer.terms // 128) * 128) // layer.terms for layer in network.layers)
    assert found.conversions == padded >= network.macs
    assert found.unit_conversions == 16 * found.array_vmms


LAYERS = (
    NetworkLayer(name="conv", kind="conv", in_channels=3, out_channels=9, kernel_h=3, kernel_w=3, padding_h=1,
                 padding_w=1, in_h=5, in_w=4),
    NetworkLayer(name="rows", kind="conv", in_channels=2, out_channels=3, kernel_h=1, kernel_w=3, padding_w=1,
                 in_h=3, in_w=5),
    NetworkLayer(name="stride", kind="conv", in_channels=6, out_channels=8, kernel_h=2, kernel_w=2, stride=2,
                 in_h=5, in_w=5, edges="floor"),
)  # fmt: skip


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.name)
def test_conversions_are_those_that_the_golden_dataflow_records(layer: NetworkLayer, strategy: str) -> None:
    p = replace(eight_bit(strategy), rows=10, outputs=4)
    random = np.random.default_rng(3)
    images = random.integers(0, 256, (1, layer.in_channels, layer.in_h, layer.in_w))
    kernels = random.integers(-9, 9, (layer.out_channels, layer.in_channels, layer.kernel_h, layer.kernel_w))
    if layer.kernel_h != layer.kernel_w:  # the dataflow pads both axes alike
        images = np.pad(images, [(0, 0), (0, 0), (0, 0), (1, 1)])
        made = convolution(images, kernels, p)
    else:
        made = convolution(images, kernels, p, layer.stride, layer.padding_h)
    counts = layer_counts(layer, p)
    assert made.values.shape[2:] == layer.out_size
    assert made.record.conversions == counts.conversions
    assert counts.macs == made.values.size * layer.terms


def test_groups_of_depthwise_layers_share_arrays() -> None:
    layer = NetworkLayer(
        name="d", kind="depthwise", in_channels=20, out_channels=20, kernel_h=3, kernel_w=3, groups=20, in_h=3, in_w=3
    )
    # 14 groups of 9 rows fit 128, but an array has 8 outputs: 8, 8 and 4 groups.
    assert layer_counts(layer, eight_bit(NEURAL_PIM)).arrays == 3
    assert layer_counts(layer, replace(eight_bit(NEURAL_PIM), outputs=16)).arrays == 2
    assert layer_counts(layer, replace(eight_bit(NEURAL_PIM), rows=17)).arrays == 20
    assert layer_counts(layer, replace(eight_bit(NEURAL_PIM), rows=4)).arrays == 3 * 20
    assert layer_counts(layer, eight_bit(NEURAL_PIM)).conversions == 20
    grouped = replace(layer, kind="conv")
    assert layer_counts(grouped, eight_bit(NEURAL_PIM)).arrays == 20


def test_additions_of_row_blocks() -> None:
    layer = NetworkLayer(name="f", kind="fc", in_channels=300, out_channels=7)
    assert layer_counts(layer, eight_bit(ISAAC)).block_adds == 2 * 7
    assert layer_counts(replace(layer, in_channels=128), eight_bit(ISAAC)).block_adds == 0


def fewest_steps(arrays: list[int], positions: list[int], available: int) -> int:
    """The least time by trying all."""
    for steps in range(1, max(positions) + 1):
        if sum(held * -(-count // steps) for held, count in zip(arrays, positions, strict=True)) <= available:
            return steps
    raise AssertionError("one copy of each fits")


def test_greedy_copies_are_as_fast_as_any() -> None:
    random = np.random.default_rng(11)
    for _ in range(200):
        layers = int(random.integers(1, 7))
        arrays = random.integers(1, 30, layers).tolist()
        positions = random.integers(1, 90, layers).tolist()
        available = sum(arrays) + int(random.integers(0, 400))
        found = replicate(arrays, positions, available)
        assert found.used == sum(held * copies for held, copies in zip(arrays, found.copies, strict=True)) <= available
        assert found.steps == max(-(-count // copies) for count, copies in zip(positions, found.copies, strict=True))
        assert found.steps == fewest_steps(arrays, positions, available)


def test_equal_numbers_and_equal_area_of_chips() -> None:
    assert [budget(strategy, 3).arrays for strategy in (ISAAC, NEURAL_PIM)] == [3 * 16128, 3 * 17920]
    areas = [budget(strategy, 3, TILE_AREA).tiles_mm2 for strategy in STRATEGIES]
    assert areas == pytest.approx([3 * 63.52] * 3)
    assert budget(ISAAC, 1, TILE_AREA).arrays == int(63.52 / (168 * 0.35347) * 16128)
    assert budget(NEURAL_PIM, 1, TILE_AREA).arrays == 17920


def test_a_network_that_does_not_fit_names_the_chips_needed() -> None:
    vgg = load("vgg16")
    assert [mapped(vgg, strategy, chips_available=9).fits_on for strategy in STRATEGIES] == [9, 8, 8]
    assert common_chips(vgg) == 9
    with pytest.raises(ValueError) as error:
        mapped(vgg, ISAAC, chips_available=8)
    assert str(error.value) == "chips must be at least 9 for 135120 arrays of 16128 a chip, not 8"


@pytest.mark.parametrize("area_rule", AREA_RULES)
def test_throughput_by_hand(area_rule: str) -> None:
    network = Network(
        name="two",
        source="by hand",
        layers=(
            NetworkLayer(name="a", kind="conv", in_channels=1, out_channels=8, in_h=100, in_w=100),
            NetworkLayer(name="b", kind="fc", in_channels=128, out_channels=80),
        ),
    )
    found = mapped(network, NEURAL_PIM, chips_available=1, dac_bits=4, area_rule=area_rule)
    assert arrays_of(network) == 11
    assert (found.steps, found.used, found.fits_on) == (1, 10_010, 1)
    assert found.image_ns == 2 * 100
    slow = mapped(network, ISAAC, chips_available=1, area_rule=area_rule)
    assert slow.image_ns == 8 * 100
    assert slow.images_per_second == 1e9 / 800


def test_large_budgets_approach_the_ratio_of_arrays_and_cycles() -> None:
    network = load("vgg16")
    times = {
        name: mapped(network, name, chips_available=100, dac_bits=bits).image_ns
        for name, bits in ((ISAAC, 1), (NEURAL_PIM, 4))
    }
    assert times[ISAAC] / times[NEURAL_PIM] == pytest.approx(4 * 17920 / 16128, rel=0.1)


def test_energy_of_an_image() -> None:
    network = load("alexnet")
    o = Operating(rule=POWER_TIME, dac_bits=4, dac_factor=2.7)
    for strategy, product in energies(o).items():
        place = mapped(network, strategy, chips_available=4, dac_bits=4 if strategy == NEURAL_PIM else 1)
        found = network_energy(network, place, product)
        assert found.products == pytest.approx(714_224 * product.total)
        # Conversions of C are results of blocks; what is over those of one block has been added.
        results = sum(layer.out_channels * layer.positions for layer in network.layers)
        assert found.block_adds == pytest.approx(0.021 * (5_713_792 - results))
        assert found.links == pytest.approx(4 * 10.4 * place.image_ns * 1e-9 * 1e12)
        assert found.total == pytest.approx(found.on_chip + found.links)
    with pytest.raises(ValueError, match=r"place must be that of vgg16, not of alexnet"):
        network_energy(load("vgg16"), place, isaac_energy())


def test_vocabulary_and_time_steps_of_neuraltalk_are_parameters() -> None:
    network = neuraltalk(words=1000, steps=5)
    assert [layer.macs for layer in network.layers] == [4096 * 512, 5 * 1024 * 2048, 5 * 512 * 1000]
    assert "ours, unverified" in load("neuraltalk").source
    for words, steps in ((0, 1), (1, 0)):
        with pytest.raises(ValueError, match="must be at least 1"):
            neuraltalk(words=words, steps=steps)


def table(folder: Path, *rows: str, head: str = f"# source\n{COLUMNS}\n") -> Path:
    path = folder / "net.csv"
    path.write_text(head + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_a_table_is_read_as_written(tmp_path: Path) -> None:
    network = read_table(table(tmp_path, ROW, "", ROW.replace("a,", "b,", 1)))
    assert (network.name, network.source, [layer.name for layer in network.layers]) == ("net", "source", ["a", "b"])
    assert network.macs == 2 * 27 * 8 * 64


REFUSED_ROWS = {
    ROW.replace("conv,3", "conv,0"): "in_channels must be at least 1, not 0",
    ROW.replace("conv,3", "conv,-3"): "in_channels must be a whole number below 10^9, not '-3'",
    ROW.replace("conv,3", "conv,3.0"): "in_channels must be a whole number below 10^9, not '3.0'",
    ROW.replace("conv,3", "conv,\u0663"): "in_channels must be a whole number below 10^9, not '\u0663'",
    ROW.replace("conv", "pool"): "kind must be one of 'conv', 'depthwise', 'fc', 'lstm', not 'pool'",
    ROW.replace("1,1,1,1,8", "1,1,1,2,8"): "groups must divide in_channels and out_channels, 3 and 8, not be 2",
    ROW.replace("conv", "depthwise"): "groups of a depthwise layer must be one of 3, not 1",
    ROW.replace("conv", "fc"): "kernel_h of kind 'fc' must be one of 1, not 3",
    ROW.replace("3,3,1,1", "3,3,2,1"): "stride must divide 7, the way of the kernel along h, where edges are 'exact', "
    "not be 2",
    ROW.replace("8,8,1,e", "8,1,1,e").replace(
        "3,3,1,1,1", "3,9,1,1,1"
    ): "kernel_w must be at most 3, the padded image, not 9",
    ROW.replace("exact", "ceil"): "edges must be one of 'exact', 'floor', not 'ceil'",
    ROW + ",1": "columns must be 14, not 15",
    '"a' + ROW[1:]: "unexpected end of data",
}


@pytest.mark.parametrize("row", REFUSED_ROWS)
def test_a_bad_row_is_refused_with_file_and_line(tmp_path: Path, row: str) -> None:
    with pytest.raises(ValueError) as error:
        read_table(table(tmp_path, row))
    assert str(error.value) == f"net.csv, line 3: {REFUSED_ROWS[row]}"


@pytest.mark.parametrize("head", [f"{COLUMNS}\n", "# source\nname\n", "# source\n", ""])
def test_a_table_without_source_or_columns_is_refused(tmp_path: Path, head: str) -> None:
    with pytest.raises(
        ValueError, match=r"^net.csv must have a source in lines from '#' on and the columns name,kind,"
    ):
        read_table(table(tmp_path, ROW, head=head))


def test_other_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    for name in ("binary.csv", "absent.csv"):
        with pytest.raises(ValueError, match="must be a readable text"):
            read_table(tmp_path / name)
    with pytest.raises(ValueError, match=r"^net.csv: layers of net must be at least one"):
        read_table(table(tmp_path))
    with pytest.raises(ValueError, match="each with a name of its own"):
        read_table(table(tmp_path, ROW, ROW))


REFUSED: list[tuple[Callable[[], object], str]] = [
    (lambda: load("lenet"), "name must be one of 'alexnet', "),
    (lambda: total_counts([], eight_bit(ISAAC)), "layers must be at least one, not none"),
    (lambda: layer_counts(LAYERS, eight_bit(ISAAC)), "layer must be a NetworkLayer, not "),  # type: ignore[arg-type]
    (lambda: replicate([], [], 1), "arrays and positions must be as many, at least one, not 0 and 0"),
    (lambda: replicate([1], [1, 2], 3), "arrays and positions must be as many, at least one, not 1 and 2"),
    (lambda: replicate([0], [1], 3), "arrays must be at least 1, not 0"),
    (lambda: replicate([4, 4], [1, 1], 3), "chips must be at least 3 for 8 arrays of 3 a chip, not 1"),
    (lambda: strategy_parameters(ISAAC, 2), "dac_bits of 'isaac' must be one of 1, not 2"),
    (lambda: budget(ISAAC, 0), "count must be at least 1, not 0"),
    (lambda: budget(ISAAC, 1, "chip"), "area_rule must be one of 'chips', 'tile area', not 'chip'"),
    (
        lambda: NetworkEnergy(network="n", strategy=ISAAC, products=1.0, block_adds=0.0, links=0.0, evidence="paper"),
        "evidence must be one of ",
    ),
]


@pytest.mark.parametrize("case", range(len(REFUSED)))
def test_bad_input_is_refused_by_name(case: int) -> None:
    call, message = REFUSED[case]
    with pytest.raises(ValueError) as error:
        call()
    assert str(error.value).startswith(message)


def test_every_table_comes_with_the_package() -> None:
    folder = Path(read_table.__code__.co_filename).parent
    assert sorted(path.stem for path in folder.glob("*.csv")) == sorted(NETWORKS)
    fields: dict[str, Any] = vars(load("vgg16").layers[0])
    assert ",".join(fields) == COLUMNS
