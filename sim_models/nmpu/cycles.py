"""Cycle counts of NMPU array and half-precision unit, and the published figures to hold them against."""

from dataclasses import dataclass

from sim_models.arith.checking import require_integer
from sim_models.nmpu.ldpu import LdpuParameters
from sim_models.nmpu.parameters import NmpuParameters

LDPU_FILL = 5  # convert, multiply, subtract, add, output
PASSES = {"F1": 1, "F2": 2, "F3": 4}
MAXIMUM_COLUMNS = 1 << 20


@dataclass(frozen=True, kw_only=True)
class PublishedFigure:
    """A number to compare with, never to tune towards.

    ``evidence`` is 'published' (stated by the paper or its abstract) or 'reported' (stated by a secondary source).
    """

    name: str
    value: float
    unit: str
    evidence: str
    limit: str


PUBLISHED_FIGURES = (
    PublishedFigure(
        name="speed-up of 64 NMPUs over the FP16 unit",
        value=139.0,
        unit="times",
        evidence="published",
        limit="equals ours only for an FP16 unit of 556 to 973 cycles; same clock assumed",
    ),
    PublishedFigure(
        name="area of the FP16 unit over 64 NMPUs",
        value=7.8,
        unit="times",
        evidence="published",
        limit="depends on what the FP16 unit contains",
    ),
    PublishedFigure(
        name="area of the FP16 unit over one NMPU",
        value=505.0,
        unit="times",
        evidence="reported",
        limit="one unit against a whole FP16 unit: 505/64 is 7.9; lane against unit is far less",
    ),
    PublishedFigure(
        name="accuracy drop, ResNet-9 on CIFAR-10",
        value=0.12,
        unit="percentage points",
        evidence="published",
        limit="needs the original network, data and chip measurements (86.65 %)",
    ),
    PublishedFigure(
        name="accuracy drop, ResNet-32 on CIFAR-100",
        value=0.4,
        unit="percentage points",
        evidence="published",
        limit="needs the original network, data and chip measurements (65.06 %)",
    ),
)


def nmpu_cycles(columns: int, parameters: NmpuParameters) -> int:
    """Cycles of an array of units: ``ceil(columns / (units * columns_per_unit)) * columns_per_unit + pipeline_stages``.

    Groups follow each other without gaps. Raises ValueError for less than one column.
    """
    require_integer("columns", columns, 1, MAXIMUM_COLUMNS)
    groups = -(-columns // parameters.columns)
    return groups * parameters.columns_per_unit + parameters.pipeline_stages


def ldpu_cycles(columns: int, parameters: LdpuParameters) -> int:
    """Cycles of the half-precision unit: ``passes * ceil(columns / lanes) + 5``.

    Passes: 1 for F1 (pipelined lane with its own adders), 2 for F2 (one shared pipelined multiply-add), 4 for F3 (the
    same, not pipelined, 2 cycles each). Raises ValueError for less than one column.
    """
    require_integer("columns", columns, 1, MAXIMUM_COLUMNS)
    return PASSES[parameters.service_model] * -(-columns // parameters.lanes) + LDPU_FILL


def speed_up(columns: int, nmpu: NmpuParameters, ldpu: LdpuParameters) -> float:
    """Cycles of the half-precision unit over cycles of the NMPU array, same clock assumed."""
    return ldpu_cycles(columns, ldpu) / nmpu_cycles(columns, nmpu)
