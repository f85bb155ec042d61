"""Cycles and counters: the published table, its formulas, and slots dealt out and opened one by one."""

import itertools
import random
from fractions import Fraction

import numpy as np
import pytest

from sim_models.daism import DaismParameters
from sim_models.daism.cycles import LayerCycles, layer_counters, layer_cycles
from sim_models.daism.layout import Gemm, stored_gemm
from tests.sim_models.daism_layer_oracle import counted, slots_of_banks
from tests.sim_models.daism_oracle import (
    VARIANTS,
    accesses,
    ceiling,
    kept,
    operand_layout,
    parameters,
    rows,
    slicing,
)

# banks, side of a bank: lanes of a bank, of all banks, operands stored; with all columns / truncated
CONFIGURATIONS = {
    (1, 2048): ((128, 256), (128, 256), (29056, 58112)),
    (4, 1024): ((64, 128), (256, 512), (28928, 57856)),
    (16, 512): ((32, 64), (512, 1024), (28672, 57344)),
    (16, 256): ((16, 32), (256, 512), (7168, 14336)),
}
VGG = Gemm(positions=224 * 224, length=3 * 9, outputs=64)
CIFAR = Gemm(positions=32 * 32, length=3 * 9, outputs=128)

# compute and load with slicing by index; with all columns / truncated
VGG_CYCLES = {
    (1, 2048): ((1354752, 243), (1354752, 243)),
    (4, 1024): ((351232, 63), (351232, 63)),
    (16, 512): ((200704, 36), (100352, 18)),
    (16, 256): ((351232, 63), (200704, 36)),
}
CIFAR_CYCLES = {
    (1, 2048): ((27648, 243), (27648, 243)),
    (4, 1024): ((14336, 126), (7168, 63)),
    (16, 512): ((7168, 63), (4096, 36)),
    (16, 256): ((14336, 126), (7168, 63)),
}
WIDTHS = ("full", "truncated")


def of(banks: int, side: int, width: str, **fields: object) -> DaismParameters:
    return parameters(banks=banks, rows=side, columns=side, kept_columns=width, **fields)


@pytest.mark.parametrize(("banks", "side"), CONFIGURATIONS)
def test_capacities(banks: int, side: int) -> None:
    for width, *expected in zip(WIDTHS, *CONFIGURATIONS[banks, side], strict=True):
        p = of(banks, side, width)
        assert [p.lanes, banks * p.lanes, banks * p.lanes * p.groups] == expected


@pytest.mark.parametrize(("layer", "table"), [(VGG, VGG_CYCLES), (CIFAR, CIFAR_CYCLES)], ids=["vgg", "cifar"])
def test_table_of_cycles(layer: Gemm, table: dict) -> None:
    for banks, side in table:
        for width, expected in zip(WIDTHS, table[banks, side], strict=True):
            found = layer_cycles(layer, of(banks, side, width, bank_slicing="index"))
            assert (found.compute, found.load) == expected, (banks, side, width)
            assert found.total == sum(expected)
            assert (found.passes, found.spilled_words, found.slicing) == (1, 0, "index")


def test_cycles_beside_those_of_168_ideal_elements() -> None:
    assert (VGG.macs, ceiling(VGG.macs, 168), ceiling(CIFAR.macs, 168)) == (86704128, 516096, 21066)
    found = layer_cycles(VGG, of(4, 1024, "full", bank_slicing="index"))
    assert round(found.compute * 168 / VGG.macs, 2) == 0.68
    assert round(0.84 * found.compute * 168 / VGG.macs, 2) == 0.57


def cases() -> list[tuple[Gemm, DaismParameters]]:
    chosen, found = random.Random(13), []
    for variant, banks, slicing_choice in itertools.product(VARIANTS, (1, 2, 3, 7), ("index", "channel", "auto")):
        interleave = chosen.choice([1, 2, 3, 8])
        p = parameters(
            **variant,
            banks=banks,
            bank_slicing=slicing_choice,
            rows=chosen.randrange(12, 60),
            columns=chosen.randrange(16, 90),
            kept_columns=chosen.choice(["full", "guard", "truncated"]),
            interleave=interleave,
            accumulate_latency=chosen.choice([1, 2, 3, 5, 9]),
            operand_kind=chosen.choice(["float", "integer"]),
            significand_bits=chosen.choice([6, 7, 8]),
        )
        sizes = (chosen.randrange(1, 40), chosen.randrange(1, 30), chosen.randrange(1, 40))
        found.append((Gemm(positions=sizes[0], length=sizes[1], outputs=sizes[2]), p))
    return found


def expected_cycles(layer: Gemm, p: DaismParameters) -> LayerCycles:
    """From the slots that the fullest bank holds."""
    banks = slots_of_banks(layer.length, layer.outputs, p)
    fullest, lanes, groups = max(map(len, banks)), p.columns // kept(p), p.rows // len(rows(p))
    stall = max(Fraction(1), Fraction(p.accumulate_latency, p.interleave))
    compute = Fraction(layer.positions * fullest * accesses(p)) * stall
    compute = ceiling(compute.numerator, compute.denominator)
    passes = ceiling(fullest, groups)
    macs = layer.positions * layer.length * layer.outputs
    return LayerCycles(
        compute=compute,
        load=fullest * len(rows(p)),
        write_back=0,
        passes=passes,
        spilled_words=2 * (passes - 1) * layer.positions * ceiling(layer.outputs, lanes) * lanes,
        macs=macs,
        utilisation=float(Fraction(macs * accesses(p), compute * p.banks * lanes)),
        slicing=slicing(layer.outputs, p),
    )


def test_cycles_are_those_of_the_fullest_bank() -> None:
    seen = set()
    for layer, p in cases():
        found, expected = layer_cycles(layer, p), expected_cycles(layer, p)
        assert found.utilisation == pytest.approx(expected.utilisation, rel=1e-12), (layer, p)
        fields = {name: value for name, value in vars(found).items() if name != "utilisation"}
        assert fields == {name: value for name, value in vars(expected).items() if name != "utilisation"}, (layer, p)
        seen |= {found.slicing, "one pass" if found.passes == 1 else "more", p.accumulate_latency > p.interleave}
    assert seen == {"index", "channel", "one pass", "more", True, False}


def test_formulas() -> None:
    """ceil(K g / banks) by index, K ceil(g / banks) by channel."""
    for layer, p in cases():
        blocks = ceiling(layer.outputs, p.columns // kept(p))
        by_index, by_channel = ceiling(layer.length * blocks, p.banks), layer.length * ceiling(blocks, p.banks)
        per_position = {"index": by_index, "channel": by_channel}[slicing(layer.outputs, p)]
        assert layer_cycles(layer, p).load == per_position * p.rows_per_group


def test_write_back_is_part_of_the_total() -> None:
    p = of(4, 1024, "truncated")
    found = layer_cycles(CIFAR, p, write_back=100)
    assert (found.write_back, found.total) == (100, found.compute + found.load + 100)


def test_a_stored_activation_exchanges_positions_and_outputs() -> None:
    weight, activation = (parameters(stored_operand=stored) for stored in ("weight", "activation"))
    assert stored_gemm(5, 6, 7, weight) == Gemm(positions=5, length=6, outputs=7)
    assert stored_gemm(5, 6, 7, activation) == Gemm(positions=7, length=6, outputs=5)


@pytest.mark.parametrize("zero_skip", [True, False])
@pytest.mark.parametrize("kind", ["float", "integer"])
def test_counters_of_reads_and_wordlines(zero_skip: bool, kind: str) -> None:
    chosen = random.Random(21)
    for variant, banks, slicing_choice in itertools.product(VARIANTS, (1, 3), ("index", "channel")):
        p = parameters(
            **variant, operand_kind=kind, zero_skip=zero_skip, banks=banks, bank_slicing=slicing_choice, columns=20
        )
        special = [0, 1, 255] if kind == "integer" else [0x0000, 0x8000, 0x0012, 0x80FF, 0x3F80, 0xBFFF]
        every = range(256) if kind == "integer" else range(operand_layout(p).infinity)
        driven = [[chosen.choice([*special, *(chosen.choice(every),) * 4]) for _ in range(7)] for _ in range(5)]
        found, expected = layer_counters(np.array(driven), 11, p), counted(driven, 11, p)
        assert (found.accesses, found.skipped, found.row_writes, found.wordlines) == expected, p
        assert found.accesses + found.skipped == 5 * 7 * ceiling(11, 20 // kept(p)) * accesses(p)
