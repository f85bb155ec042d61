"""The part of the NMPU that every unit has for itself: parameter words and datapath."""

from typing import Any

from amaranth.hdl import Module
from amaranth.lib.wiring import In

from hdl.block import Block
from hdl.nmpu.datapath import NmpuDatapath, datapath_ports
from hdl.nmpu.layouts import column_word
from hdl.nmpu.storage import NmpuStorage
from sim_models.nmpu import NmpuParameters


def word_ports(parameters: NmpuParameters) -> dict[str, Any]:
    """Ports by which one unit gets its parameter words, as `NmpuUnit` describes them."""
    if parameters.storage == "external":
        return {"word": In(column_word(parameters))}
    return {"cfg_write": In(1), "cfg_column": In(parameters.column_bits), "cfg_data": In(column_word(parameters))}


class NmpuLane(Block):
    """One unit without its column counter: `NmpuStorage` (unless external) and `NmpuDatapath`, with their ports."""

    def __init__(self, *, parameters: NmpuParameters) -> None:
        self.parameters = parameters
        super().__init__({**datapath_ports(parameters), **word_ports(parameters)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.datapath = datapath = NmpuDatapath(parameters=self.parameters)
        for name, member in datapath.signature.members.items():
            if name == "word":
                m.d.comb += datapath.word.eq(self._word(m))
            elif member.flow is In:
                m.d.comb += getattr(datapath, name).eq(getattr(self, name))
            else:
                m.d.comb += getattr(self, name).eq(getattr(datapath, name))
        return m

    def _word(self, m: Module) -> Any:
        if self.parameters.storage == "external":
            return self.word
        m.submodules.storage = storage = NmpuStorage(parameters=self.parameters)
        m.d.comb += [
            storage.write.eq(self.cfg_write),
            storage.write_column.eq(self.cfg_column),
            storage.write_word.eq(self.cfg_data),
            storage.column.eq(self.column),
        ]
        return storage.word
