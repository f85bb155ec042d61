"""Digital control of successive approximation converters."""

from hdl.sar.controller import SarController

__all__ = ["SarController"]
