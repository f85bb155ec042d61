"""Catalog of bit-sliced crossbars' digital parts."""

from gen.catalog.design import Design

_ISAAC = "Shafiee et al., ISCA 2016, as reported; structure is bitline's"
_CASCADE = "Chou et al., MICRO 2019, as reported; structure is bitline's"
_NEURAL_PIM = "Cao et al., arXiv 2201.12861 (IEEE TC 2022), as reported; structure is bitline's"
_STATUS = "golden, simulated, proved, priced"
"""Proved are controllers and parts, of few bits, and of the read-out its strobes: of a tile what it is made of."""

CROSSBAR = (
    Design(
        name="crossbar_cascade",
        family="crossbar",
        summary="controller alone of strategy B, CASCADE: banks of buffer cells in turn, written, scanned, cleared",
        source=_CASCADE,
        status=_STATUS,
        parameters="hdl.crossbar:CascadeParameters",
        component="hdl.crossbar:CascadeController",
        latency="(cycles + 2 + readout cycles + cascade_tail_cycles) * slots_per_cycle - 1",
        cycles=lambda parameters: parameters.latency_clocks,
        bench="crossbar_controller",
        vectors="gen.vectors.crossbar_schedule:controller_vectors",
    ),
    Design(
        name="crossbar_isaac",
        family="crossbar",
        summary="read-out of strategy A, ISAAC: controller, scan of lines, shift-and-add, output registers",
        source=_ISAAC,
        status=_STATUS,
        parameters="hdl.crossbar.isaac_parameters:IsaacParameters",
        component="hdl.crossbar:IsaacReadout",
        latency="(cycles + 5) * slots_per_cycle + outputs",
        cycles=lambda parameters: parameters.latency_clocks,
        bench="crossbar_isaac",
        vectors="gen.vectors.crossbar_isaac:readout_vectors",
    ),
    Design(
        name="crossbar_neural_pim",
        family="crossbar",
        summary="controller alone of strategy C, Neural-PIM: two-phase accumulation, ping-pong holds, a scan a vector",
        source=_NEURAL_PIM,
        status=_STATUS,
        parameters="hdl.crossbar:NeuralPimParameters",
        component="hdl.crossbar:NeuralPimController",
        latency="(cycles + 5 + conversion cycles) * slots_per_cycle - 1",
        cycles=lambda parameters: parameters.latency_clocks,
        bench="crossbar_controller",
        vectors="gen.vectors.crossbar_schedule:controller_vectors",
    ),
    Design(
        name="crossbar_tile_cascade",
        family="crossbar",
        summary="tile of strategy B: input register, that controller, registers that search, adders of columns",
        source=_CASCADE,
        status=_STATUS,
        parameters="hdl.crossbar:CascadeParameters",
        component="hdl.crossbar:CascadeTile",
        latency="(cycles + 2 + readout cycles + cascade_tail_cycles) * slots_per_cycle - 1",
        cycles=lambda parameters: parameters.latency_clocks,
        bench="crossbar_tile_cascade",
        vectors="gen.vectors.crossbar_tiles:cascade_vectors",
    ),
    Design(
        name="crossbar_tile_isaac",
        family="crossbar",
        summary="tile of strategy A: input register, that read-out, successive approximation registers that take turns",
        source=_ISAAC,
        status=_STATUS,
        parameters="hdl.crossbar.isaac_parameters:IsaacParameters",
        component="hdl.crossbar:IsaacTile",
        latency="(cycles + 5) * slots_per_cycle + outputs",
        cycles=lambda parameters: parameters.latency_clocks,
        bench="crossbar_tile_isaac",
        vectors="gen.vectors.crossbar_isaac:tile_vectors",
    ),
    Design(
        name="crossbar_tile_neural_pim",
        family="crossbar",
        summary="tile of strategy C: input register, that controller, adders of the codes of row blocks",
        source=_NEURAL_PIM,
        status=_STATUS,
        parameters="hdl.crossbar:NeuralPimParameters",
        component="hdl.crossbar:NeuralPimTile",
        latency="(cycles + 5 + conversion cycles) * slots_per_cycle - 1",
        cycles=lambda parameters: parameters.latency_clocks,
        bench="crossbar_tile_neural_pim",
        vectors="gen.vectors.crossbar_tiles:neural_pim_vectors",
    ),
)
