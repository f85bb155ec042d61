"""Energy of one operation."""

from dataclasses import dataclass

LABEL = (
    "zero-delay simulation: glitches not modelled; pre-layout, no wires, one corner; ideal clock: "
    "the flip-flops' clock pins are in, a clock network is not"
)


@dataclass(frozen=True, kw_only=True)
class Energy:
    """Mean energy of one operation of a design, and where it goes.

    ``action`` says what one operation is; ``operations`` of them were measured, in ``cycles`` clock cycles (vectors,
    for a design without clock) of ``period_ps``, the longest path of the same netlist. ``internal_pj`` is spent inside
    cells, those of flip-flops for their clock included; ``switching_pj`` charges and discharges what cells drive, but
    not what the design's inputs drive; ``leakage_pj`` is ``leakage_uw``, the whole netlist's, over one operation.
    """

    design: str
    library: str
    recipe: str
    action: str
    operations: int
    cycles: int
    period_ps: float
    internal_pj: float
    switching_pj: float
    leakage_pj: float
    leakage_uw: float
    label: str
    tool: str

    @property
    def total_pj(self) -> float:
        """All of it."""
        return self.internal_pj + self.switching_pj + self.leakage_pj

    @property
    def cycles_per_operation(self) -> float:
        """Clock cycles of one operation when they follow each other without a gap."""
        return self.cycles / self.operations

    def __str__(self) -> str:
        """The energy as a few lines of text."""
        return "\n".join(
            [
                f"{self.design} on {self.library}, recipe {self.recipe}: {self.total_pj:.4g} pJ for {self.action}",
                f"  internal {self.internal_pj:.4g} pJ, switching {self.switching_pj:.4g} pJ, "
                f"leakage {self.leakage_pj:.4g} pJ ({self.leakage_uw:.4g} uW)",
                f"  mean of {self.operations:,} operations, {self.cycles_per_operation:g} cycles of "
                f"{self.period_ps:,.0f} ps each; {self.tool}",
                f"  {self.label}",
            ]
        )
