"""The loop nest with the walks of all banks, as far as addresses go: what a proof of addresses looks at."""

from amaranth.hdl import Cat, Module
from amaranth.lib import data, stream
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.daism.descriptor import beat_layout, config_layout, position_layout
from hdl.daism.im2col import WindowAddress
from hdl.daism.loop_nest import LoopNest
from hdl.daism.place_walk import PlaceWalk
from sim_models.daism.accelerator import AcceleratorParameters


class AddressWalks(Block):
    """`LoopNest`, and for each bank `PlaceWalk` and `WindowAddress`, connected as in the accelerator.

    ``addresses``: of the input buffer, where ``reads`` is 1. ``loads``: a row group is taken. What banks and streams
    answer is free: ``load_ready``, ``weight_valid``, ``filled``, ``set_sums``, ``drained``.
    """

    def __init__(self, *, parameters: AcceleratorParameters) -> None:
        self.parameters = p = parameters
        free = {"weight_valid": In(1), "load_ready": In(p.banks), "filled": In(1), "set_sums": In(1), "drained": In(1)}
        super().__init__(
            {
                "config": In(stream.Signature(config_layout(p))), **free,
                "beat": Out(beat_layout(p)), "loads": Out(1), "reads": Out(p.banks),
                "addresses": Out(data.ArrayLayout(position_layout(p)["base"].width, p.banks)),
            }
        )  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        m.submodules.nest = nest = LoopNest(parameters=p)
        walks = [PlaceWalk(parameters=p, unit=bank == p.banks - 1) for bank in range(p.banks)]
        m.d.comb += [
            nest.config.valid.eq(self.config.valid),
            nest.config.payload.eq(self.config.payload),
            self.config.ready.eq(nest.config.ready),
            self.beat.eq(nest.beat),
            self.loads.eq(nest.weight_valid & nest.weight_ready),
            nest.exists.eq(Cat(walk.exists for walk in walks)),
        ]
        m.d.comb += [
            getattr(nest, name).eq(getattr(self, name))
            for name in ("weight_valid", "load_ready", "filled", "set_sums", "drained")
        ]
        for bank, walk in enumerate(walks):
            m.submodules[f"walk_{bank}"] = walk
            m.submodules[f"where_{bank}"] = where = WindowAddress(parameters=p)
            m.d.comb += [
                walk.neighbour.eq(walks[(bank + 1) % p.banks].place),
                where.layer.eq(nest.layer),
                where.window.eq(nest.beat.window),
                where.place.eq(walk.place),
                self.addresses[bank].eq(where.address),
                self.reads[bank].eq(where.inside & walk.exists),
            ]
            commands = ("layer", "clear", "shift", "step", "save", "restore")
            m.d.comb += [getattr(walk, name).eq(getattr(nest, name)) for name in commands]
        return m
