"""Synthesis: Verilog mapped to the cells of a library with Yosys and ABC, by one recipe or the best of several."""

from flow.synthesis.jobs import SynthesisError
from flow.synthesis.mapping import Best, Synthesis, best_of, synthesize, synthesize_all

__all__ = ["Best", "Synthesis", "SynthesisError", "best_of", "synthesize", "synthesize_all"]
