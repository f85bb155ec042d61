"""ABC's longest path beside OpenSTA's."""

from dataclasses import dataclass

from flow.timing.results import SignOff

LIMIT = 0.15


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """The longest logic in ps by ABC and by OpenSTA: from inputs or register outputs on, no clock-to-output, no setup.

    ``difference`` is OpenSTA's over ABC's less one. Neither adds wires, not even those that a library assumes by
    default (which made OpenSTA's paths on ihp-sg13g2 33 % longer). What remains is that ABC keeps one of the delays
    that a library gives for the same pins of a gate under different side inputs, as in exclusive-or and AND-OR-invert,
    lets signals start at constants, and has the library's driver cell at every register output and the output load at
    every register input, where OpenSTA has the registers themselves.
    """

    abc_ps: float
    sta_ps: float

    @property
    def difference(self) -> float:
        """OpenSTA's over ABC's less one; 0 where neither has a path."""
        return self.sta_ps / self.abc_ps - 1 if self.abc_ps else 0.0

    @property
    def flagged(self) -> bool:
        """Whether they differ by more than `LIMIT`."""
        return abs(self.difference) > LIMIT


def compare(abc_ps: float, timing: SignOff) -> Comparison:
    """ABC's longest path, `flow.synthesis.Synthesis.delay_ps`, beside OpenSTA's of the same netlist."""
    return Comparison(abc_ps=abc_ps, sta_ps=timing.logic_ps)
