"""Cycles, counters and costs: the published tables, and small layers counted one access at a time."""

from dataclasses import fields, replace

import numpy as np
import pytest

from sim_models.daism import (
    ConvLayer,
    Counters,
    DaismParameters,
    Gemm,
    layer_counters,
    layer_cycles,
    row_enables,
    slicing,
    slots_per_bank,
    stored_gemm,
)
from sim_models.daism.comparisons import FIGURES, figure, z_pim_gops_per_mm2
from sim_models.daism.energy import LogicEnergies, SramModel, layer_energy, peak_gops
from sim_models.daism.energy_sensitivity import sensitivity
from sim_models.daism.eyeriss import (
    EyerissParameters,
    baseline_cycles,
    baseline_energy,
    equal_pes,
    equal_sram,
    with_pes,
)
from sim_models.daism.layers import ALEXNET, CIFAR_VGG8_CONV1, CONFIGURATIONS, VGG16_CONV1_1

WIDTHS = ("full", "truncated")
CAPACITIES = {
    "1 x 512 kB": ((128, 256), (128, 256), (29056, 58112)),
    "4 x 128 kB": ((64, 128), (256, 512), (28928, 57856)),
    "16 x 32 kB": ((32, 64), (512, 1024), (28672, 57344)),
    "16 x 8 kB": ((16, 32), (256, 512), (7168, 14336)),
}
CYCLES = {
    ("VGG", "1 x 512 kB"): ((1354752, 243), (1354752, 243)),
    ("VGG", "4 x 128 kB"): ((351232, 63), (351232, 63)),
    ("VGG", "16 x 32 kB"): ((200704, 36), (100352, 18)),
    ("VGG", "16 x 8 kB"): ((351232, 63), (200704, 36)),
    ("CIFAR", "1 x 512 kB"): ((27648, 243), (27648, 243)),
    ("CIFAR", "4 x 128 kB"): ((14336, 126), (7168, 63)),
    ("CIFAR", "16 x 32 kB"): ((7168, 63), (4096, 36)),
    ("CIFAR", "16 x 8 kB"): ((14336, 126), (7168, 63)),
}
LAYERS = {"VGG": VGG16_CONV1_1, "CIFAR": CIFAR_VGG8_CONV1}


def configured(name: str, width: str, slicing: str = "index") -> DaismParameters:
    rows, columns, banks = CONFIGURATIONS[name]
    return DaismParameters(rows=rows, columns=columns, banks=banks, kept_columns=width, bank_slicing=slicing)


@pytest.mark.parametrize("name", CAPACITIES)
def test_table_of_configurations(name: str) -> None:
    for place, width in enumerate(WIDTHS):
        p = configured(name, width)
        operands = p.groups * p.lanes * p.banks
        assert (p.lanes, p.lanes * p.banks, operands) == tuple(column[place] for column in CAPACITIES[name])


@pytest.mark.parametrize(("layer", "name"), CYCLES)
def test_table_of_cycles(layer: str, name: str) -> None:
    for width, expected in zip(WIDTHS, CYCLES[layer, name], strict=True):
        p = configured(name, width)
        cycles = layer_cycles(LAYERS[layer].gemm(p), p)
        assert (cycles.compute, cycles.load) == expected
        assert (cycles.passes, cycles.spilled_words, cycles.write_back) == (1, 0, 0)
        assert cycles.total == sum(expected)


def test_the_ideal_baseline_and_its_ratio() -> None:
    assert [-(-LAYERS[name].macs // 168) for name in ("VGG", "CIFAR")] == [516096, 21066]
    p = configured("16 x 8 kB", "full")
    assert p.banks * p.lanes == 256
    assert round(layer_cycles(VGG16_CONV1_1.gemm(p), p).compute / 516096, 2) == 0.68


def counted(gemm: Gemm, p: DaismParameters) -> tuple[int, int, int]:
    """Accesses and slots of the busiest bank, dealt out one by one, and lane places that work."""
    chosen, per_bank, work = slicing(gemm.outputs, p), [0] * p.banks, 0
    blocks = [range(first, min(first + p.lanes, gemm.outputs)) for first in range(0, gemm.outputs, p.lanes)]
    for block, lanes in enumerate(blocks):
        for t in range(gemm.length):
            bank = block % p.banks if chosen == "channel" else (block * gemm.length + t) % p.banks
            per_bank[bank] += 1
            work += len(lanes)
    return max(per_bank) * gemm.positions * p.accesses, max(per_bank), work * gemm.positions


@pytest.mark.parametrize("mode", ["index", "channel", "auto"])
@pytest.mark.parametrize("variant", [("pc3", "a"), ("hla", "b")])
def test_cycles_against_counting(variant: tuple[str, str], mode: str) -> None:
    random = np.random.default_rng(5)
    for _ in range(40):
        p = DaismParameters(
            variant=variant[0],
            hla_mode=variant[1],
            columns=int(random.integers(8, 70)),
            rows=int(random.integers(9, 40)),
            banks=int(random.integers(1, 6)),
            bank_slicing=mode,
        )
        positions, length, outputs = (int(number) for number in random.integers(1, 30, 3))
        gemm = Gemm(positions=positions, length=length, outputs=outputs)
        cycles = layer_cycles(gemm, p)
        compute, slots, work = counted(gemm, p)
        assert (cycles.compute, cycles.load, slots_per_bank(gemm, p)) == (compute, slots * p.rows_per_group, slots)
        assert cycles.passes == len(range(0, slots, p.groups))
        assert abs(cycles.utilisation - work / (compute / p.accesses * p.banks * p.lanes)) < 1e-12
        assert cycles.utilisation <= 1


def test_several_passes_spill_partial_sums() -> None:
    p = DaismParameters(rows=18, columns=32, banks=2, bank_slicing="index")
    assert (p.groups, p.lanes) == (2, 4)
    cycles = layer_cycles(Gemm(positions=10, length=9, outputs=6), p, write_back=7)
    # 18 slots, 9 in each bank, two at a time; two blocks of four lanes.
    assert (cycles.passes, cycles.spilled_words) == (5, 2 * 4 * 10 * 2 * 4)
    assert (cycles.compute, cycles.load, cycles.total) == (90, 81, 178)


def test_a_slow_accumulator_costs_idle_cycles() -> None:
    gemm = Gemm(positions=3, length=5, outputs=4)
    base = DaismParameters(banks=1)
    for interleave, latency, expected in ((8, 8, 15), (2, 3, 23), (1, 4, 60), (4, 1, 15)):
        p = replace(base, interleave=interleave, accumulate_latency=latency)
        assert layer_cycles(gemm, p).compute == expected


def test_automatic_slicing() -> None:
    p = DaismParameters(columns=32, banks=4)
    assert [slicing(outputs, p) for outputs in (1, 12, 13, 100)] == ["index", "index", "channel", "channel"]
    assert slicing(100, replace(p, bank_slicing="index")) == "index"
    assert slicing(1, replace(p, bank_slicing="channel")) == "channel"


def test_stored_activations_exchange_the_sides() -> None:
    p = DaismParameters(stored_operand="activation")
    assert stored_gemm(7, 5, 3, p) == Gemm(positions=3, length=5, outputs=7)
    assert stored_gemm(7, 5, 3, DaismParameters()) == Gemm(positions=7, length=5, outputs=3)


@pytest.mark.parametrize("skip", [True, False])
@pytest.mark.parametrize("variant", [("pc3", "a"), ("hla", "c"), ("fla", "a")])
def test_counters_against_counting(variant: tuple[str, str], skip: bool) -> None:
    p = DaismParameters(variant=variant[0], hla_mode=variant[1], columns=32, zero_skip=skip)
    random = np.random.default_rng(0)
    words = random.integers(1, 254, (6, 7)) << 7 | random.integers(0, 128, (6, 7))
    words[random.random((6, 7)) < 0.3] = 0
    words[0, 0] = 0x8005  # subnormal: a zero as well
    accesses = skipped = wordlines = 0
    for word in words.ravel().tolist() * 3:  # three blocks of four lanes
        zero = word >> 7 & 255 == 0
        opened = row_enables(0 if zero else word & 127 | 128, p)
        for access in opened:
            if zero and skip:
                skipped += 1
                continue
            accesses += 1
            wordlines += int(access.sum())
    found = layer_counters(words, 9, p)
    rows = 7 * 3 * p.rows_per_group
    assert found == Counters(accesses=accesses, skipped=skipped, row_writes=rows, wordlines=wordlines)


def test_counters_of_integers() -> None:
    p = DaismParameters(operand_kind="integer", accumulator="int", variant="fla", columns=32)
    assert layer_counters([[0, 255, 5]], 5, p) == Counters(accesses=4, skipped=2, row_writes=48, wordlines=20)


SMALL = DaismParameters(rows=64, columns=32, banks=2)
COUNTS = Counters(accesses=90, skipped=10, row_writes=27, wordlines=300)


def test_energy_by_hand() -> None:
    sram = SramModel(
        bitline_ff_per_row=0.5, wordline_ff_per_column=2.0, supply_v=2.0, read_swing_v=0.5, discharged_fraction=0.75,
        sense_fj=10.0, decode_pj=3.0,
    )  # fmt: skip
    logic = LogicEnergies(
        exponent=1, normalise=2, side_memory=3, accumulate=4, partial_sum=5, driver_buffer=6, spill_word=7, dram_word=8
    )
    found = layer_energy(COUNTS, SMALL, sram=sram, logic=logic, spilled_words=11, dram_words=13)
    bitlines = 32 * (64 * 0.5 * 2.0 * 0.5 * 0.75 + 10) / 1000
    wordline = 32 * 2.0 * 4.0 / 1000
    assert abs(found.read - (90 * (bitlines + 3) + 300 * wordline)) < 1e-9
    assert found.driver == 100 * 6
    assert found.lanes == 100 * 4 * 15
    assert abs(found.load - 27 * (32 * 64 * 0.5 * 4 / 1000 + wordline + 3)) < 1e-9
    assert (found.spill, found.dram) == (77, 104)
    assert abs(found.on_chip + 104 - found.total) < 1e-9
    assert abs(sram.read_pj(64, 32, 4) - sram.read_pj(64, 32) - 3 * sram.wordline_pj(32)) < 1e-12


def test_two_accesses_work_the_lanes_once() -> None:
    p = replace(SMALL, variant="hla", hla_mode="b")
    assert layer_energy(COUNTS, p).lanes == layer_energy(COUNTS, SMALL).lanes / 2
    assert layer_energy(COUNTS, p).read == layer_energy(COUNTS, SMALL).read


def test_the_sram_check_that_is_stated() -> None:
    sram = SramModel()
    assert round(sram.read_pj(256, 256) + sram.decode_pj) == 15
    assert figure("45 nm memory", "64-bit access of an 8 kB cache").value == 10


def test_sensitivity_names_every_assumption_once() -> None:
    found = sensitivity(COUNTS, SMALL, spilled_words=5, dram_words=5)
    names = {field.name for field in (*fields(SramModel), *fields(LogicEnergies))} - {"cell_um2", "array_efficiency"}
    assert {each.field for each in found} == names
    assert len(found) == len(names)
    base = layer_energy(COUNTS, SMALL, spilled_words=5, dram_words=5).total
    effects = [each.high - each.low for each in found]
    assert effects == sorted(effects, reverse=True)
    assert all(each.low < base <= each.high for each in found)
    by_name = {each.field: each for each in found}
    doubled = layer_energy(COUNTS, SMALL, sram=SramModel(bitline_ff_per_row=0.4), spilled_words=5, dram_words=5).total
    assert by_name["bitline_ff_per_row"].high == doubled
    assert by_name["discharged_fraction"].high == base  # no more than all columns


def test_peak() -> None:
    p = DaismParameters(rows=64, columns=32, banks=2, clock_hz=5e8)
    assert peak_gops(p) == 2 * 2 * 4 * 0.5
    assert peak_gops(replace(p, variant="hla", hla_mode="c")) == 2 * 2 * 4 * 0.5 / 2


def test_active_pes_of_the_published_chip() -> None:
    # What the chip's authors report for AlexNet: 154, 135, 156, 156 and 156 of 168.
    found = [baseline_cycles(layer, EyerissParameters()) for layer in ALEXNET]
    assert [cycles.active_pes for cycles in found] == [154, 135, 156, 156, 156]


def mapped(layer: ConvLayer, e: EyerissParameters) -> int:
    """Passes of the baseline, its sets placed one by one into rows and columns of the array."""
    strip, rows = min(layer.output_edge, e.array_columns), min(layer.kernel, e.array_rows)
    places = sum(
        1 for _ in range(0, e.array_rows - rows + 1, rows) for _ in range(0, e.array_columns - strip + 1, strip)
    )
    sets = 0
    for _ in range(layer.images * layer.outputs * (layer.channels // layer.groups)):
        for _ in range(0, layer.kernel, e.array_rows):
            sets += len(range(0, layer.output_edge, e.array_columns))
    return -(-sets // places)


@pytest.mark.parametrize(
    "layer",
    [
        CIFAR_VGG8_CONV1,
        ALEXNET[1],
        ConvLayer(name="tall", channels=3, outputs=5, size=40, kernel=13),
        ConvLayer(name="narrow", channels=4, outputs=6, size=5, kernel=3, padding=1, images=2),
        ConvLayer(name="full", channels=64, outputs=10, size=1),
    ],
    ids=lambda layer: layer.name,
)
def test_baseline_cycles_against_placing(layer: ConvLayer) -> None:
    e = EyerissParameters(overhead_cycles=3)
    cycles = baseline_cycles(layer, e)
    assert cycles.passes == mapped(layer, e)
    assert cycles.total == cycles.passes * (layer.output_edge * layer.kernel + 3)
    assert cycles.utilisation == layer.macs / (cycles.total * 168)
    assert cycles.utilisation <= 1


def test_baseline_fills_its_array_for_the_first_layer_of_vgg() -> None:
    cycles = baseline_cycles(VGG16_CONV1_1, EyerissParameters())
    assert (cycles.total, cycles.active_pes, cycles.utilisation) == (516096, 168, 1.0)


def test_baseline_energy_by_hand() -> None:
    layer = ConvLayer(name="small", channels=20, outputs=40, size=20, kernel=3, padding=1)
    e = EyerissParameters(mac_pj=3, unit_pj=2)
    found, macs = baseline_energy(layer, e), 400 * 40 * 20 * 9
    # 3 groups of 16 kernels; 2 strips; 4 sets of 4 channels at a time: 2 rounds.
    reads = 3 * 8000 + 2 * 7200 + 16000
    writes = 8000 + 16000 + 16000
    assert found.mac == macs * 3
    assert found.registers == 4 * macs * 2
    assert found.network == (reads + macs * 2 / 9) * 2 * 2
    assert found.buffer == (reads + writes) * 6 * 2
    assert found.dram == (8000 + 7200 + 16000) * 200 * 2
    assert found.total == found.on_chip + found.dram


def test_baselines_of_equal_size() -> None:
    p = DaismParameters(rows=256, columns=256, kept_columns="full")
    assert equal_pes(p).pes == 252  # 256 lanes, 21 columns of 12
    assert equal_pes(p).buffer_bytes == round(108 * 1024 * 21 / 14)
    # 128 KiB of 193.3 KiB would be 111 PEs: 9 columns of 12.
    same = equal_sram(p)
    assert (same.pes, same.buffer_bytes) == (108, round(108 * 1024 * 9 / 14))
    assert same.sram_bytes <= 16 * 256 * 256 // 8
    assert with_pes(168) == EyerissParameters()


def test_figures_carry_their_evidence() -> None:
    assert all(each.evidence == "published" for each in FIGURES)
    assert len({(each.design, each.name) for each in FIGURES}) == len(FIGURES)
    assert figure("DAISM", "cycle saving").value == 43
    derived = z_pim_gops_per_mm2()
    assert derived.evidence == "derived"
    assert round(derived.value, 2) == 0.22
    assert round(z_pim_gops_per_mm2(45).value / derived.value, 1) == 2.1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Gemm(positions=0, length=1, outputs=1), "positions must be between 1 and 2147483648, not 0"),
        (
            lambda: layer_cycles(Gemm(positions=1, length=1, outputs=1), SMALL, write_back=-1),
            "write_back must be at least 0, not -1",
        ),
        (lambda: layer_cycles((1, 1, 1), SMALL), "gemm must be a Gemm, not (1, 1, 1)"),
        (
            lambda: layer_counters(np.zeros((0, 3), int), 1, SMALL),
            "driven must be a matrix with no dimension of zero, not of shape (0, 3)",
        ),
        (lambda: layer_counters([[0x7F80]], 1, SMALL), "driven must be finite, not 0x7f80"),
        (lambda: slicing(0, SMALL), "outputs must be between 1 and 2147483648, not 0"),
        (lambda: SramModel(read_swing_v=1.5), "read_swing_v must be between 0 and 1.0, not 1.5"),
        (lambda: SramModel(sense_fj=-1), "sense_fj must be between 0 and 1000000000000.0, not -1"),
        (lambda: SramModel(array_efficiency=0), "array_efficiency must be between 0.01 and 1, not 0"),
        (lambda: LogicEnergies(accumulate=-1), "accumulate must be between 0 and 1000000000000.0, not -1"),
        (lambda: layer_energy(COUNTS, SMALL, dram_words=-1), "dram_words must be at least 0, not -1"),
        (lambda: sensitivity(COUNTS, SMALL, factor=0.5), "factor must be between 1 and 100, not 0.5"),
        (lambda: EyerissParameters(array_rows=0), "array_rows must be at least 1, not 0"),
        (lambda: EyerissParameters(mac_pj=-1), "mac_pj must be between 0 and 1000000000.0, not -1"),
        (lambda: with_pes(11), "pes must be at least 12, not 11"),
        (
            lambda: ConvLayer(name="odd", channels=3, outputs=4, size=5, groups=2),
            "groups must divide channels and outputs, 3 and 4, not be 2",
        ),
        (
            lambda: ConvLayer(name="big", channels=3, outputs=4, size=2, kernel=3),
            "kernel height must be between 1 and 2, not 3",
        ),
        (lambda: baseline_cycles("layer", EyerissParameters()), "layer must be a ConvLayer, not 'layer'"),
    ],
)
def test_bad_arguments_are_refused(call, message: str) -> None:
    with pytest.raises(ValueError) as refused:
        call()
    assert str(refused.value) == message


def test_an_unknown_figure_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^name must be one of DAISM: energy saving, .*, not DAISM: area$"):
        figure("DAISM", "area")
