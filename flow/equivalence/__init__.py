"""The mapped netlist computes what the Verilog says, proved for all inputs.

A check in three steps, each of which can fail:

1. Yosys reads the design and, with cell models from the liberty files, the netlist. Every product ``*`` of the design
   is set apart and its gates are tried with every pair of operands (`products`): the netlist of a Booth multiplier
   is proved against gates of the same kind. That two structures of 10 by 8 bits multiply alike is not proved in a
   minute otherwise. A product that plain recipes merge with a sum into one array of adders stays undecided.
2. The flip-flops of the netlist are matched with those of the design (`registers`); the proposal is free to be wrong.
3. Module by module as the netlist keeps them: matched flip-flops hold the same, and then all outputs and all their next
   values must be the same, for all inputs and all states (`miter`, proved by ABC). Flip-flops without a match, as those
   of a recoded state machine, are followed from reset on instead.

What both sides share is Yosys's reading of Verilog (its front end, ``proc``, ``wreduce``, ``opt``, ``techmap``); the
replay of vectors on the netlist (`verif.replay`) does not share it.
"""

from flow.equivalence.outcome import Equivalence, equivalent

__all__ = ["Equivalence", "equivalent"]
