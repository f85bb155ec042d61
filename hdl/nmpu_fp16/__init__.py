"""Half-precision baseline of the NMPU: lane and whole unit (the unit that arXiv 2402.07549 compares with)."""

from hdl.nmpu_fp16.core import LdpuCore
from hdl.nmpu_fp16.lane import Fp16Lane
from hdl.nmpu_fp16.layouts import AddendSource
from hdl.nmpu_fp16.ldpu import Ldpu

__all__ = ["AddendSource", "Fp16Lane", "Ldpu", "LdpuCore"]
