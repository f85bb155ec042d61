"""The exact circuits that the families compare theirs with, each as the smallest that the tools here find."""

from collections.abc import Iterator

from flow.baselines.baseline import Baseline, smallest
from flow.libraries import Library
from gen.rtl import elaborate
from gen.suggest import unknown
from hdl.arith import FloatAdd, FloatMultiply, IntegerMultiply, MultiplyAccumulate
from hdl.sar import SarController
from sim_models.arith import BF16, FP16, FP32, FloatFormat, MultiplyAccumulateParameters, MultiplyParameters
from sim_models.arith.integers import STRUCTURES
from sim_models.sar import SarParameters
from sim_models.sar.parameters import REGISTERS

FLOATS = {"bf16": BF16, "fp16": FP16, "fp32": FP32}
_SYNTHESIS_MULTIPLIER = {"operator": "multiplier of synthesis", "array": "array", "booth": "Booth rows"}


def multiplier(
    a_format: str,
    a_width: int,
    b_width: int,
    library: Library,
    *,
    b_format: str | None = None,
    delay_ps: float | None = None,
    workers: int | None = None,
) -> Baseline:
    """The smallest exact integer multiplier. Formats and widths as `sim_models.arith.MultiplyParameters` has them.

    ``b_format`` is that of ``a`` if it is not given. Either operand may be the one whose bits make the rows: with
    "operands swapped" in the circuit's name, its port ``a`` is the second operand. A signed product made of magnitudes
    and a sign is not among the circuits: it needs the same rows, and negations of both operands and of the result.
    Raises ValueError for formats and widths that are refused, and for a ``delay_ps`` that no circuit meets.
    """
    other = a_format if b_format is None else b_format
    circuits = {
        f"{_SYNTHESIS_MULTIPLIER[p.structure]}{swapped}": elaborate(IntegerMultiply(parameters=p), "integer_multiply")
        for p, swapped in _multipliers(a_format, other, a_width, b_width)
    }
    return smallest(
        f"multiply {_operands(a_format, other, a_width, b_width)}",
        "exact integer multiplier",
        circuits,
        library,
        delay_ps=delay_ps,
        workers=workers,
    )


def mac(
    a_format: str,
    a_width: int,
    b_width: int,
    accumulator_width: int,
    library: Library,
    *,
    b_format: str | None = None,
    delay_ps: float | None = None,
    workers: int | None = None,
) -> Baseline:
    """The smallest exact multiply-accumulate, register included; parameters as `multiplier` has them.

    The register takes a sum's first product as it is, and keeps its sum in cycles without a product. It is two's
    complement unless both operands are unsigned. Raises ValueError as `multiplier` does.
    """
    other = a_format if b_format is None else b_format
    circuits = {}
    for p, swapped in _multipliers(a_format, other, a_width, b_width):
        full = MultiplyAccumulateParameters(**vars(p), accumulator_width=accumulator_width)
        label = f"{_SYNTHESIS_MULTIPLIER[p.structure]}{swapped}"
        circuits[label] = elaborate(MultiplyAccumulate(parameters=full), "multiply_accumulate")
    operands = _operands(a_format, other, a_width, b_width)
    name = f"multiply-accumulate {operands} to {accumulator_width} bits"
    what = "exact integer multiply-accumulate with its register"
    return smallest(name, what, circuits, library, delay_ps=delay_ps, workers=workers)


def float_multiplier(
    name: str,
    library: Library,
    *,
    flush_to_zero: bool = False,
    delay_ps: float | None = None,
    workers: int | None = None,
) -> Baseline:
    """The smallest multiplier of ``bf16``, ``fp16`` or ``fp32``, rounded to nearest, ties to even.

    Subnormal numbers count as zero with ``flush_to_zero``. Raises ValueError for another ``name`` and for a
    ``delay_ps`` that no circuit meets.
    """
    number = _float_format(name)
    circuits = {}
    for structure, label in _SYNTHESIS_MULTIPLIER.items():
        component = FloatMultiply(format=number, flush_to_zero=flush_to_zero, structure=structure)
        circuits[label] = elaborate(component, "float_multiply")
    what = f"{_subnormals(flush_to_zero)}, rounded to nearest even"
    return smallest(f"multiply {name}", what, circuits, library, delay_ps=delay_ps, workers=workers)


def float_adder(
    name: str,
    library: Library,
    *,
    flush_to_zero: bool = False,
    delay_ps: float | None = None,
    workers: int | None = None,
) -> Baseline:
    """The smallest adder of ``bf16``, ``fp16`` or ``fp32``; arguments and errors as `float_multiplier` has them."""
    circuit = elaborate(FloatAdd(format=_float_format(name), flush_to_zero=flush_to_zero), "float_add")
    what = f"{_subnormals(flush_to_zero)}, rounded to nearest even"
    return smallest(f"add {name}", what, {"single path": circuit}, library, delay_ps=delay_ps, workers=workers)


def sar_logic(
    bits: int,
    library: Library,
    *,
    sample_cycles: int = 1,
    delay_ps: float | None = None,
    workers: int | None = None,
) -> Baseline:
    """The smallest controller of a plain successive approximation converter.

    Raises ValueError for what `sim_models.sar.SarParameters` refuses and for a ``delay_ps`` that no circuit meets.
    """
    labels = {"one_hot": "sequencer and code register", "in_code": "code register alone"}
    circuits = {}
    for register in REGISTERS:
        p = SarParameters(bits=bits, sample_cycles=sample_cycles, register=register)
        circuits[labels[register]] = elaborate(SarController(parameters=p), "sar_controller")
    what = "successive approximation control, a bit a cycle"
    return smallest(f"SAR {bits} bits", what, circuits, library, delay_ps=delay_ps, workers=workers)


def _multipliers(a_format: str, b_format: str, a_width: int, b_width: int) -> Iterator[tuple[MultiplyParameters, str]]:
    """Every structure, and with the operands swapped where that is another circuit."""
    orders = {"": (a_format, b_format, a_width, b_width)}
    if (a_format, a_width) != (b_format, b_width):
        orders[", operands swapped"] = (b_format, a_format, b_width, a_width)
    for swapped, (first, second, first_width, second_width) in orders.items():
        for structure in STRUCTURES:
            yield (
                MultiplyParameters(
                    a_format=first, b_format=second, a_width=first_width, b_width=second_width, structure=structure
                ),
                swapped,
            )


def _operands(a_format: str, b_format: str, a_width: int, b_width: int) -> str:
    first, second = (kind.replace("_", " and ") for kind in (a_format, b_format))
    if a_format == b_format:
        return f"{first} {a_width} x {b_width}"
    return f"{first} {a_width} x {second} {b_width}"


def _float_format(name: str) -> FloatFormat:
    if name not in FLOATS:
        raise ValueError(unknown("floating-point format", name, FLOATS))
    return FLOATS[name]


def _subnormals(flush_to_zero: bool) -> str:
    return "subnormal numbers as zero" if flush_to_zero else "with subnormal numbers"
