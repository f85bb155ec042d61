"""What a tile made of the digits beside what it must make of them, layer by layer, as values and as text."""

from collections.abc import Sequence
from dataclasses import dataclass

from flow.digits.network import Layer
from sim_models.arith.checking import IntArray
from verif.crossbar_layers import LayerRun


@dataclass(frozen=True, kw_only=True)
class SimulatedLayer:
    """A layer in simulation beside the golden dataflow.

    ``rows``, ``columns``: of its matrix. ``values``: products or codes compared; ``differences``: those not the same.
    ``conversions``: counted on the strobe; ``expected_conversions``: by formula, outputs of the array that the layer
    does not use included. ``cycles``: clock cycles from the first vector to the last result of each of ``runs``;
    ``expected_cycles``: by formula; ``astray``: results in another clock cycle than the formula's. ``saturations``,
    ``expected_saturations``: conversions beyond their range, as the tile and as the golden dataflow count them.
    ``counters_agree``: the tile's count of conversions is that of the strobes.
    """

    name: str
    rows: int
    columns: int
    values: int
    differences: int
    conversions: int
    expected_conversions: int
    cycles: int
    expected_cycles: int
    astray: int
    saturations: int
    expected_saturations: int
    runs: int
    counters_agree: bool

    @property
    def identical(self) -> bool:
        """Whether all of it is as it must be."""
        return (
            (self.differences, self.astray) == (0, 0)
            and self.conversions == self.expected_conversions
            and self.cycles == self.expected_cycles
            and self.saturations == self.expected_saturations
            and self.counters_agree
        )


@dataclass(frozen=True, kw_only=True)
class SimulatedDigits:
    """``images`` through a tile; ``layers`` in order.

    ``correct``, ``golden_correct``: right digits behind the hardware and behind the golden dataflow; ``other_digits``:
    images to which these two give another digit.
    """

    tile: str
    images: int
    layers: tuple[SimulatedLayer, ...]
    correct: int
    golden_correct: int
    other_digits: int

    @property
    def identical(self) -> bool:
        """Whether all layers and digits are as they must be."""
        return not self.other_digits and all(layer.identical for layer in self.layers)


@dataclass(frozen=True, kw_only=True, eq=False)
class Reading:
    """What was read of a layer, and what the hardware counted meanwhile, or the golden dataflow's saturations."""

    values: IntArray
    run: LayerRun | None = None
    saturations: int = 0


def compared(layer: Layer, made: Reading, golden: Reading) -> SimulatedLayer:
    """What the hardware made of ``layer`` beside what it must make of it."""
    run = made.run
    if run is None:
        raise ValueError("made must be a reading of hardware, not of the golden dataflow")
    return SimulatedLayer(
        name=layer.geometry.name,
        rows=len(layer.weights),
        columns=layer.geometry.columns,
        values=golden.values.size,
        differences=int((made.values != golden.values).sum()),
        conversions=run.strobes,
        expected_conversions=run.expected,
        cycles=run.cycles,
        expected_cycles=run.expected_cycles,
        astray=run.astray,
        saturations=made.saturations,
        expected_saturations=golden.saturations,
        runs=run.runs,
        counters_agree=run.counted == run.strobes,
    )


def text_lines(found: Sequence[SimulatedDigits]) -> list[str]:
    """The comparisons as lines of text."""
    return [
        f"ours: {found[0].images} digits through the Verilog of the tiles, all layers, beside the golden dataflows; "
        "products, and codes of C",
        f"  {'tile':30}{'layer':8}{'matrix':>10}{'values':>9}{'differ':>7}{'conversions':>13}{'formula':>12}"
        f"{'clock cycles':>14}{'formula':>12}{'astray':>7}",
        *(line for each in found for line in _rows(each)),
        "  criterion: values, digits, conversions on the strobe and clock cycles identical: "
        + ("met" if all(each.identical for each in found) else "NOT MET"),
        "  limit: arrays, holds and buffer cells are ideal models; so are converters, but for the capacitors and "
        "comparators of those whose registers search. Arrays of a layer's row blocks take "
        "turns on the tile of C, which adds their codes; products of A and B are added outside",
    ]


def _rows(found: SimulatedDigits) -> list[str]:
    lines = [_row(layer, found.tile if place == 0 else "") for place, layer in enumerate(found.layers)]
    return [
        *lines,
        f"  {'':30}{found.correct} right digits by the Verilog, {found.golden_correct} by the golden dataflow, another "
        f"digit in {found.other_digits}",
    ]


def _row(layer: SimulatedLayer, name: str) -> str:
    counts = f"{layer.values:9}{layer.differences:7}{layer.conversions:13}{layer.expected_conversions:12}"
    cycles = f"{layer.cycles:14}{layer.expected_cycles:12}{layer.astray:7}"
    return f"  {name:30}{layer.name:8}{f'{layer.rows} x {layer.columns}':>10}{counts}{cycles}"
