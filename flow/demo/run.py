"""Handwritten digits through an int8 network on analog columns, corrected in four ways, one of them hardware."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from flow.digits import backends
from flow.digits.data import load as load_digits
from flow.digits.mapping import CountBackend, Counts, LayerRun, MappedLayer, map_network, run_mapped
from flow.digits.network import load as load_network
from flow.digits.network import predicted_digits
from flow.libraries import find as find_library
from flow.prices.assembly import Assembly
from flow.prices.nmpu import array_price, ldpu_price
from gen.rtl import Rtl, elaborate
from hdl.nmpu import Nmpu
from sim_models.nmpu import (
    AimcColumnParameters,
    LdpuParameters,
    NmpuParameters,
    ldpu_cycles,
    nmpu_cycles,
    quantize_columns,
)
from verif.binding import load_library
from verif.build import find_compiler
from verif.nmpu import Groups, run_array
from verif.verilator import find_verilator

FLOAT64, FP16 = "float64", "FP16 model"
GOLDEN, VERILOG = "NMPU golden model", "NMPU Verilog, simulated"
# Groups simulated at a time: bounds the memory that the packed counts of 256 columns take.
_CHUNK = 8192

Step = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class DemoResult:
    """What the demo shows. ``errors`` are in output LSB against float64 on the same counts."""

    images: int
    layers: int
    activations: int
    mismatches: int
    correct: dict[str, int]
    errors: dict[str, NDArray[np.int64]]
    cycles: dict[str, int]
    areas: dict[str, Assembly] = field(default_factory=dict)


class SimulatedNmpu:
    """A count back end that is the generated array in simulation; adds up the cycles it took."""

    def __init__(self, rtl: Rtl, parameters: NmpuParameters) -> None:
        self._rtl, self._parameters = rtl, parameters
        self.cycles = 0

    def __call__(self, layer: MappedLayer, counts_positive: Counts, counts_negative: Counts) -> NDArray[np.int8]:
        used, parts = counts_positive.shape[1], []
        for start in range(0, len(counts_positive), _CHUNK):
            piece = slice(start, start + _CHUNK)
            groups = self._groups(layer, counts_positive[piece], counts_negative[piece])
            results, cycles = run_array(self._rtl, self._parameters, groups)
            parts.append(results.data[:, :used].astype(np.int8))
            self.cycles += cycles
        return np.concatenate(parts)

    def _groups(self, layer: MappedLayer, counts_positive: Counts, counts_negative: Counts) -> Groups:
        """Counts and words on the array's first columns; the columns that the layer does not use get zeros."""
        words = quantize_columns(layer.scales, self._parameters)
        vectors, spare = counts_positive.shape[0], self._parameters.columns - counts_positive.shape[1]

        def widen(values: NDArray[np.int64]) -> NDArray[np.int64]:
            return np.pad(np.atleast_2d(values), ((0, 0), (0, spare)))

        return Groups(
            count_p=widen(counts_positive),
            count_n=widen(counts_negative),
            scale_positive=widen(words.scale_positive),
            scale_negative=widen(words.scale_negative),
            offset=widen(words.offset),
            shift=np.full(vectors, words.shift),
            relu=np.full(vectors, int(layer.relu)),
        )


def run_demo(seed: int, step: Step) -> DemoResult:
    """Generate, simulate and price; ``step`` is called with the name of each step as it begins."""
    find_verilator()
    find_compiler()  # missing tools are refused before anything is begun
    step("generating the NMPU array")
    parameters, ldpu = NmpuParameters(), LdpuParameters()
    rtl = elaborate(Nmpu(parameters=parameters), "nmpu")
    # Synthesis runs beside the simulation, in processes of its own.
    with ThreadPoolExecutor(2) as pool:
        library = find_library()
        prices = {
            f"{parameters.units} NMPU units": pool.submit(array_price, parameters, library),
            "FP16 unit, one lane": pool.submit(ldpu_price, ldpu, library),
        }
        result = classify(rtl, parameters, seed, step)
        step("pricing both designs on the cell library")
        areas = {name: price.result() for name, price in prices.items()}
    return replace(result, areas=areas)


def classify(rtl: Rtl, parameters: NmpuParameters, seed: int, step: Step) -> DemoResult:
    """All test images, corrected in four ways."""
    step("reading digits, mapping the network on analog columns")
    digits = load_digits()
    mapped = map_network(load_network(), digits.train_images, AimcColumnParameters(seed=seed))
    step("building the simulator of the generated Verilog")
    load_library(rtl)
    hardware = SimulatedNmpu(rtl, parameters)
    corrections: dict[str, CountBackend] = {
        FLOAT64: backends.real,
        FP16: backends.fp16,
        GOLDEN: backends.nmpu,
        VERILOG: hardware,
    }
    runs = {}
    for name, correction in corrections.items():
        step(f"classifying {len(digits.test_images)} images: {name}")
        runs[name] = run_mapped(mapped, digits.test_images, correction)
    correct = {
        name: int((predicted_digits(layers[-1].activations) == digits.test_labels).sum())
        for name, layers in runs.items()
    }
    pairs = list(zip(runs[GOLDEN], runs[VERILOG], strict=True))
    return DemoResult(
        images=len(digits.test_images),
        layers=len(mapped),
        activations=sum(golden.activations.size for golden, _ in pairs),
        mismatches=sum(int((golden.activations != verilog.activations).sum()) for golden, verilog in pairs),
        correct=correct,
        errors=_errors(runs[FLOAT64]),
        cycles=_cycles(runs[VERILOG], hardware.cycles, len(digits.test_images), parameters),
    )


def _errors(layers: tuple[LayerRun, ...]) -> dict[str, NDArray[np.int64]]:
    """Each format's results minus float64's, on the counts of ``layers``."""
    differences: dict[str, list[NDArray[np.int64]]] = {"FP16": [], "NMPU": []}
    for layer in layers:
        counts = (layer.mapped, layer.counts_positive, layer.counts_negative)
        reference = backends.real(*counts).astype(np.int64)
        differences["FP16"].append((backends.fp16(*counts) - reference).ravel())
        differences["NMPU"].append((backends.nmpu(*counts) - reference).ravel())
    return {name: np.concatenate(parts) for name, parts in differences.items()}


def _cycles(layers: tuple[LayerRun, ...], simulated: int, images: int, parameters: NmpuParameters) -> dict[str, int]:
    vectors = sum(len(layer.counts_positive) for layer in layers)
    cycles = {
        f"NMPU array, all {vectors:,} vectors of {images} images, counted in simulation": simulated,
        "NMPU array, one vector of 256 columns (formula)": nmpu_cycles(256, parameters),
    }
    for model in ("F1", "F2", "F3"):
        name = f"FP16 unit, one vector of 256 columns, service model {model} (formula)"
        cycles[name] = ldpu_cycles(256, LdpuParameters(service_model=model))
    return cycles
