"""One converter's digital part: its controller, and the decoder of its codes where results are values."""

from typing import Any

from amaranth.hdl import Cat, Module
from amaranth.lib.wiring import In, Out

from hdl.block import Block
from hdl.sar.configuration import configuration_layout
from hdl.sar.controller import SarController
from hdl.sar.decoder import TrqDecoder
from hdl.sar.twin_range import TrqController
from sim_models.arith.checking import require_instance
from sim_models.sar.group import AdcGroupParameters


class AdcLane(Block):
    """A plain or a twin-range converter behind the same ports.

    ``start``, ``sample``, ``dac``, ``dac_enable``, ``comparator_enable``, ``cmp``, ``busy``, ``done``, ``ops`` as in
    `hdl.sar.TrqController`; ``registers``, of twin-range converters only; ``word``, from ``done`` until the next start:
    the value, or the aligned code with the flag on top.
    """

    def __init__(self, *, parameters: AdcGroupParameters) -> None:
        require_instance("parameters", parameters, AdcGroupParameters)
        self.parameters = p = parameters
        ports: dict[str, Any] = {"start": In(1), "cmp": In(1), "dac": Out(p.bits), "word": Out(p.word_bits)}
        ports |= {name: Out(1) for name in ("sample", "dac_enable", "comparator_enable", "busy", "done")}
        ports["ops"] = Out(p.operations_width)
        if p.search == "twin_range":
            ports["registers"] = In(configuration_layout(p.controller))
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        controller = self._plain(m) if self.parameters.search == "plain" else self._twin_range(m)
        m.submodules.controller = controller
        m.d.comb += [controller.start.eq(self.start), controller.cmp.eq(self.cmp)]
        m.d.comb += [
            getattr(self, name).eq(getattr(controller, name))
            for name in ("sample", "dac", "comparator_enable", "done", "ops")
        ]
        return m

    def _plain(self, m: Module) -> SarController:
        controller = SarController(parameters=self.parameters.plain_controller)
        busy = controller.sample | controller.comparator_enable
        m.d.comb += [self.busy.eq(busy), self.dac_enable.eq(busy), self.word.eq(controller.code)]
        return controller

    def _twin_range(self, m: Module) -> TrqController:
        controller = TrqController(parameters=self.parameters.controller)
        m.d.comb += [
            controller.registers.eq(self.registers),
            self.busy.eq(controller.busy),
            self.dac_enable.eq(controller.dac_enable),
        ]
        if self.parameters.coding == "aligned":
            m.d.comb += self.word.eq(Cat(controller.code, controller.flag))
            return controller
        m.submodules.decoder = decoder = TrqDecoder(parameters=self.parameters.decoder)
        m.d.comb += [decoder.code.eq(controller.code), decoder.flag.eq(controller.flag)]
        m.d.comb += [
            getattr(decoder, name).eq(self.registers[name])
            for name in decoder.signature.members
            if name in self.registers.shape().members
        ]
        m.d.comb += self.word.eq(decoder.value)
        return controller
