"""What the second half of the NMPU datapath promises."""

from amaranth.hdl import Module

from hdl.nmpu.combine import NmpuCombine
from hdl.property_set import PropertySet
from sim_models.nmpu import NmpuParameters


class NmpuCombineProperties(PropertySet):
    """The result grows with the positive branch and falls with the negative one; the clamp and ReLU do as they say.

    Beside the component stands a second one of the same kind, with operands of its own. Without partial sums only.
    """

    def __init__(self, *, parameters: NmpuParameters, component: NmpuCombine | None = None) -> None:
        self.parameters = p = parameters
        branches = ("positive",) if p.signed_input else ("positive", "negative")
        component = component or NmpuCombine(parameters=p)
        super().__init__(component, {f"other_{name}": component.signature.members[name].shape for name in branches})

    def state(self, m: Module) -> None:
        p = self.parameters
        m.submodules.other = other = NmpuCombine(parameters=p)
        m.d.comb += [getattr(other, name).eq(getattr(self, name)) for name in ("offset", "shift", "relu")]
        m.d.comb += other.positive.eq(self.other_positive)
        ordered = self.positive <= self.other_positive
        if not p.signed_input:
            m.d.comb += other.negative.eq(self.other_negative)
            ordered &= self.negative >= self.other_negative
        self.holds(m, "result_follows_the_branches", ~ordered | (self.data <= other.data))
        extreme = (self.data == p.output_format.minimum) | (self.data == p.output_format.maximum)
        self.holds(m, "clipped_result_is_extreme", ~self.clipped | extreme)
        self.holds(m, "rectified_result_is_not_negative", ~self.relu | (self.data >= 0))
        self.reaches(m, "a_clipped_result", self.clipped & (self.data == p.output_format.minimum))
        self.reaches(m, "a_result_that_grows", ordered & (self.data < 0) & (other.data > 0))
