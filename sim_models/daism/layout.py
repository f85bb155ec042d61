"""Where the products of a matrix product come about: outputs in blocks of lanes, slots dealt out to banks."""

from dataclasses import dataclass

from sim_models.arith.checking import require_instance, require_integer
from sim_models.daism.parameters import DaismParameters

LARGEST_DIMENSION = 1 << 31


@dataclass(frozen=True, kw_only=True)
class Gemm:
    """A matrix product: ``positions`` driven vectors of ``length``, stored against ``outputs`` lanes.

    ``outputs`` counts the stored side, ``positions`` the driven one: with ``stored_operand`` ``weight`` these are a
    layer's channels and positions. Raises ValueError for a dimension outside 1..2^31.
    """

    positions: int
    length: int
    outputs: int

    def __post_init__(self) -> None:
        for name in ("positions", "length", "outputs"):
            require_integer(name, getattr(self, name), 1, LARGEST_DIMENSION)

    @property
    def macs(self) -> int:
        """Multiply-accumulates."""
        return self.positions * self.length * self.outputs


def stored_gemm(positions: int, length: int, outputs: int, parameters: DaismParameters) -> Gemm:
    """The product of (positions, length) and (length, outputs) with the operand stored that ``parameters`` say."""
    if parameters.stored_operand == "activation":
        positions, outputs = outputs, positions
    return Gemm(positions=positions, length=length, outputs=outputs)


def lane_blocks(outputs: int, parameters: DaismParameters) -> int:
    """Blocks of lanes that hold the outputs, g."""
    return -(-outputs // parameters.lanes)


def slicing(outputs: int, parameters: DaismParameters) -> str:
    """``index`` or ``channel``: how slots are dealt out, ``auto`` resolved. Raises ValueError for no outputs."""
    require_instance("parameters", parameters, DaismParameters)
    require_integer("outputs", outputs, 1, LARGEST_DIMENSION)
    if parameters.bank_slicing != "auto":
        return parameters.bank_slicing
    return "channel" if lane_blocks(outputs, parameters) >= parameters.banks else "index"


def summing_banks(outputs: int, parameters: DaismParameters) -> int:
    """Banks that share the sum of one output: all of them with ``index``, one with ``channel``."""
    return parameters.banks if slicing(outputs, parameters) == "index" else 1


def output_ranges(length: int, outputs: int, parameters: DaismParameters) -> list[tuple[int, int, int]]:
    """Runs of outputs summed in one order: (first, end, bank of their index 0), neighbours of the same bank joined.

    Slot u = block * length + t lies in bank u mod ``banks``, so that the bank of t = 0 moves from block to block.
    """
    banks, lanes = summing_banks(outputs, parameters), parameters.lanes
    if length % banks == 0:
        return [(0, outputs, 0)]
    starts = range(0, outputs, lanes)
    return [(first, min(first + lanes, outputs), first // lanes * length % banks) for first in starts]
