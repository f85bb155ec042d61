"""Trade-off study: area, accuracy, cycles and energy over variants, kept columns, banks and sizes of the array.

Accuracy and cycles are those of the golden models. Areas of logic are synthesised; the array, its side memory and
their energies come from `SramModel`; energies of lanes are measured at gate level, or stated (`LogicEnergies`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np

from flow.daism.tradeoff_costs import VARIANTS, BlockCosts
from flow.prices.daism import BankArea, bank_area
from flow.sweep.front import on_front
from sim_models.arith.checking import IntArray
from sim_models.daism import (
    ConvLayer,
    Counters,
    DaismParameters,
    dot_product_error,
    lane_blocks,
    layer_counters,
    layer_cycles,
    product_error,
    to_words,
)
from sim_models.daism.energy import LayerEnergy, LogicEnergies, SramModel, layer_energy, peak_gops
from sim_models.daism.layers import ALEXNET, CIFAR_VGG8_CONV1, CONFIGURATIONS, VGG16_CONV1_1
from sim_models.daism.parameters import KEPT_COLUMNS

SIZES = {
    **CONFIGURATIONS,
    "1 x 8 kB": (256, 256, 1),
    "4 x 8 kB": (256, 256, 4),
    "64 x 8 kB": (256, 256, 64),
    "4 x 32 kB": (512, 512, 4),
    "64 x 2 kB": (128, 128, 64),
    "16 x 128 kB": (1024, 1024, 16),
}
"""Rows, columns and banks: the four of the cycle tables first."""
LAYERS = (VGG16_CONV1_1, CIFAR_VGG8_CONV1, ALEXNET[2])
"""Two first layers of few weights, and one whose 884,736 weights no array of `SIZES` holds at once."""

_SEED = 2305
_SAMPLE = 128
_DOT_PRODUCTS = 512


@dataclass(frozen=True, kw_only=True)
class LayerPoint:
    """One layer on one accelerator: cycles, their utilisation, and energy, with no driver of zero."""

    compute: int
    load: int
    utilisation: float
    macs: int
    energy: LayerEnergy

    @property
    def cycles(self) -> int:
        """Computing and loading; results leave meanwhile."""
        return self.compute + self.load

    @property
    def mac_pj(self) -> float:
        """Energy of a multiply-accumulate of the layer on the chip, without DRAM."""
        return self.energy.on_chip / self.macs


@dataclass(frozen=True, kw_only=True)
class Point:
    """One accelerator of the study. ``mred`` and ``snr_db`` (of dot products, gain removed) as in `sim_models.daism`.

    ``around_um2``: logic outside the banks. Buffers are in no area. ``on_front``: no other point is at least as good in
    error, area, cycles of all layers and energy, and better in one.
    """

    variant: str
    kept_columns: str
    size: str
    parameters: DaismParameters
    mred: float
    snr_db: float
    bank: BankArea
    around_um2: float
    layers: Mapping[str, LayerPoint]
    on_front: bool = False

    @property
    def area_mm2(self) -> float:
        """All banks and the logic around them."""
        return (self.parameters.banks * self.bank.total + self.around_um2) * 1e-6

    @property
    def cycles(self) -> int:
        """Of all layers."""
        return sum(layer.cycles for layer in self.layers.values())

    @property
    def mac_pj(self) -> float:
        """Energy of a multiply-accumulate, mean over those of all layers, without DRAM."""
        energy = sum(layer.energy.on_chip for layer in self.layers.values())
        return energy / sum(layer.macs for layer in self.layers.values())

    @property
    def gops(self) -> float:
        """Operations in 10^9 a second at the nominal clock, every lane busy."""
        return peak_gops(self.parameters)

    @property
    def objectives(self) -> tuple[float, float, float, float]:
        """Error, area, cycles and energy: of each, less is better."""
        return self.mred, self.area_mm2, self.cycles, self.mac_pj


def point_parameters(variant: str, kept_columns: str, size: str, **fields: Any) -> DaismParameters:
    """Parameters of a point, by the names of `VARIANTS` and `SIZES`."""
    rows, columns, banks = SIZES[size]
    return DaismParameters(
        **VARIANTS[variant], kept_columns=kept_columns, rows=rows, columns=columns, banks=banks, **fields
    )


def study(costs: BlockCosts, sram: SramModel | None = None) -> list[Point]:
    """All points, variants outermost; those on the front of the four objectives are marked."""
    found = [
        _point(variant, kept, size, costs, sram or SramModel())
        for variant in VARIANTS
        for kept in KEPT_COLUMNS
        for size in SIZES
    ]
    front = on_front([point.objectives for point in found])
    return [replace(point, on_front=bool(kept)) for point, kept in zip(found, front, strict=True)]


def _point(variant: str, kept: str, size: str, costs: BlockCosts, sram: SramModel) -> Point:
    p = point_parameters(variant, kept, size)
    logic = with_side_memory(costs.logic[kept, p.accesses], p, sram)
    error, snr_db = _accuracy(variant, kept)
    lane, loader = costs.lanes[kept, p.accesses].area_um2, costs.loader_um2[variant, kept]
    return Point(
        variant=variant,
        kept_columns=kept,
        size=size,
        parameters=p,
        mred=error,
        snr_db=snr_db,
        bank=bank_area(p, lane, loader, costs.control_um2, sram),
        around_um2=costs.around.total(p),
        layers={layer.name: layer_point(layer, p, sram, logic) for layer in LAYERS},
    )


def layer_point(layer: ConvLayer, parameters: DaismParameters, sram: SramModel, logic: LogicEnergies) -> LayerPoint:
    """Cycles and energy of ``layer``; every word comes from and goes to DRAM once."""
    cycles = layer_cycles(layer.gemm(parameters), parameters)
    energy = layer_energy(
        driven_counters(layer, parameters),
        parameters,
        sram=sram,
        logic=logic,
        spilled_words=cycles.spilled_words,
        dram_words=layer.words,
    )
    return LayerPoint(
        compute=cycles.compute, load=cycles.load, utilisation=cycles.utilisation, macs=cycles.macs, energy=energy
    )


def with_side_memory(logic: LogicEnergies, parameters: DaismParameters, sram: SramModel) -> LogicEnergies:
    """``logic`` with the side memory's read as the same model of an array has it, shared by the lanes."""
    p = parameters
    bits = p.lanes * (1 + p.exponent_bits)
    return replace(logic, side_memory=(sram.read_pj(p.groups, bits) + sram.decode_pj) / p.lanes)


def driven_counters(layer: ConvLayer, parameters: DaismParameters, *, zeros: bool = False) -> Counters:
    """Counters of a layer that drives normal words, scaled from a sample of positions; ``zeros``: rectified, half zero.

    Without zeros no access is skipped, on the array or, in the same comparison, on the baseline.
    """
    p = parameters
    gemm = layer.gemm(p)
    one = _sample_counters(gemm.length, replace(p, rows=p.rows_per_group, columns=p.kept, banks=1), zeros)
    blocks = lane_blocks(gemm.outputs, p)
    times = blocks * gemm.positions / _SAMPLE
    return Counters(
        accesses=round(one.accesses * times),
        skipped=round(one.skipped * times),
        row_writes=one.row_writes * blocks,
        wordlines=round(one.wordlines * times),
    )


@cache
def _sample_counters(length: int, parameters: DaismParameters, zeros: bool) -> Counters:
    return layer_counters(_driven(length, zeros, parameters), 1, parameters)


def _driven(length: int, zeros: bool, p: DaismParameters) -> IntArray:
    values = np.random.default_rng(_SEED).standard_normal((_SAMPLE, length))
    return to_words(np.maximum(values, 0) if zeros else values, p)


@cache
def _accuracy(variant: str, kept: str) -> tuple[float, float]:
    """MRED over all pairs of bfloat16 significands, and signal-to-noise ratio of dot products of 576."""
    p = DaismParameters(**VARIANTS[variant], kept_columns=kept)
    return product_error(p).mred, dot_product_error(p, count=_DOT_PRODUCTS).snr_db
