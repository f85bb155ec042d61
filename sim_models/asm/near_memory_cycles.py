"""Cycles that the near-memory unit takes for a layer, term by term."""

from dataclasses import dataclass

from sim_models.asm.cycles import near_memory_cycles
from sim_models.asm.near_memory import NearMemoryParameters, lane_blocks, require_fit
from sim_models.daism.accelerator import LayerShape

MAC_LATENCY = 1
"""Cycles from an input at the lanes to the sums that have it."""
CONTROL = 5 + MAC_LATENCY
"""Cycles of a layer beside all others: descriptor and end of loading, 2; read of memory and buffer; the lanes; and
the three ranks of requantization after the kept sums."""


@dataclass(frozen=True, kw_only=True)
class NearMemoryLayerCycles:
    """Cycles of a layer, from taking its descriptor to its last result, while no stream waits for its other side.

    ``load``: rows written. ``fill``: what inputs, or words of requantization, take longer than that. ``run``: rows
    read, of `near_memory_cycles`. ``wait``: a short position waits until the sums of the one before have left.
    ``drain``: of the last position, one lane of all banks a cycle. ``control``: the rest, `CONTROL` cycles.
    """

    load: int
    fill: int
    run: int
    wait: int
    drain: int
    control: int

    @property
    def total(self) -> int:
        """What ``cycle_count`` shows at the end."""
        return sum(vars(self).values())


def layer_cycles(shape: LayerShape, parameters: NearMemoryParameters) -> NearMemoryLayerCycles:
    """Cycles of ``shape``. Raises ValueError, with the sizes, for a layer that does not fit.

    With K indices, B blocks of lanes, P positions, Q lanes in a bank: load = K * B; fill = max(0, transfers - load,
    Q * B - load); run = P * B * K; wait = (P * B - 1) * max(0, Q + MAC_LATENCY + 1 - K); drain = Q. A layer whose
    weights are ``loaded`` has no load, and words of requantization are kept with them.
    """
    p = parameters
    require_fit(shape, p)
    gemm, blocks, lanes = shape.gemm, lane_blocks(shape.outputs, p), p.lanes_in_bank
    ideal = near_memory_cycles(gemm.positions, gemm.length, gemm.outputs, p)
    load = 0 if shape.loaded else ideal.load
    transfers = -(-shape.images * shape.image_words // p.transfer_words)
    channels = 0 if shape.loaded else blocks * lanes
    return NearMemoryLayerCycles(
        load=load,
        fill=max(transfers, channels, load) - load,
        run=ideal.run,
        wait=(gemm.positions * blocks - 1) * max(0, lanes + MAC_LATENCY + 1 - gemm.length),
        drain=lanes,
        control=CONTROL,
    )
