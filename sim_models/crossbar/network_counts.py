"""Arrays, products and conversions that a layer takes on crossbars, from its shape alone."""

from collections.abc import Iterable
from dataclasses import dataclass

from sim_models.arith.checking import require_instance
from sim_models.crossbar.formulas import conversions, unit_conversions
from sim_models.crossbar.mapping import arrays, blocks
from sim_models.crossbar.networks.network_layer import DEPTHWISE, NetworkLayer
from sim_models.crossbar.parameters import CrossbarParameters


@dataclass(frozen=True, kw_only=True)
class LayerCounts:
    """Counts of one layer or, added, of several; one image.

    ``macs``; ``arrays``, that hold the weights once; ``array_vmms``, products of an array and a vector; ``slots``, what
    these could multiply, ``array_vmms * rows * outputs``; ``conversions`` of outputs and ``unit_conversions``;
    ``block_adds``, additions of results of row blocks.
    """

    macs: int
    arrays: int
    array_vmms: int
    slots: int
    conversions: int
    unit_conversions: int
    block_adds: int

    @property
    def utilisation(self) -> float:
        """Multiply-accumulates over those that the arrays could do meanwhile."""
        return self.macs / self.slots

    def __add__(self, other: "LayerCounts") -> "LayerCounts":
        return LayerCounts(**{name: value + getattr(other, name) for name, value in vars(self).items()})


def layer_counts(layer: NetworkLayer, parameters: CrossbarParameters) -> LayerCounts:
    """Counts of ``layer`` on arrays of ``parameters``. ::

        arrays     = groups * ceil(K / rows) * ceil(M / outputs)            array_vmms = arrays * L
        conversions = groups * ceil(K / rows) * M * L * conversions of an output

    Groups of a depthwise layer are packed, as many as rows and outputs allow, along the diagonal of one array. Raises
    ValueError for arguments of another kind.
    """
    require_instance("layer", layer, NetworkLayer)
    p = parameters
    deep = blocks(layer.terms, p)
    held = -(-layer.groups // _packed(layer, p)) * arrays(layer.terms, layer.group_outputs, p)
    vmms = held * layer.positions
    results = layer.groups * layer.group_outputs * layer.positions
    return LayerCounts(
        macs=layer.macs,
        arrays=held,
        array_vmms=vmms,
        slots=vmms * p.rows * p.outputs,
        conversions=results * deep * conversions(p),
        unit_conversions=vmms * unit_conversions(p),
        block_adds=results * (deep - 1),
    )


def total_counts(layers: Iterable[NetworkLayer], parameters: CrossbarParameters) -> LayerCounts:
    """Sum of the counts of ``layers``. Raises ValueError without any, and as `layer_counts` does."""
    counts = [layer_counts(layer, parameters) for layer in layers]
    if not counts:
        raise ValueError("layers must be at least one, not none")
    total, *others = counts
    for each in others:
        total = total + each
    return total


def _packed(layer: NetworkLayer, p: CrossbarParameters) -> int:
    """Groups that share an array."""
    if layer.kind != DEPTHWISE:
        return 1
    return max(1, min(p.rows // layer.terms, p.outputs // layer.group_outputs))
