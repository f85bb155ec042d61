"""Fixed-point near-memory digital processing unit (NMPU) and the FP16 unit it replaces (arXiv 2402.07549)."""

from hdl.nmpu.array import Nmpu
from hdl.nmpu.unit import NmpuUnit

__all__ = ["Nmpu", "NmpuUnit"]
