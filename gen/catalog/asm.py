"""Catalog of alphabet-set multipliers: multiplier, MAC and neuron, and the exact ones they are compared with."""

from gen.catalog.design import Design

_ALPHABETS = "arXiv 1602.08557 (DATE 2016)"
_CODES = "arXiv 2302.01990"
_STATUS = "golden, simulated, proved, priced"
_LANES = "hdl.asm.lane_parameters:LaneParameters"


def _multiplier(name: str, summary: str, source: str, component: str) -> Design:
    return Design(
        name=f"asm_{name}",
        family="asm",
        summary=summary,
        source=source,
        status=_STATUS,
        parameters=_LANES,
        component=f"hdl.asm:{component}",
        latency="combinational",
        cycles=lambda parameters: 0,
        bench="combinational",
        vectors=f"gen.vectors.asm:{name}_vectors",
    )


def _clocked(name: str, summary: str, source: str, component: str, latency: int, parameters: str = _LANES) -> Design:
    return Design(
        name=f"asm_{name}",
        family="asm",
        summary=summary,
        source=source,
        status=_STATUS,
        parameters=parameters,
        component=f"hdl.asm:{component}",
        latency=str(latency),
        cycles=lambda parameters: latency,
        bench="asm_mac",
        vectors=f"gen.vectors.asm:{name.removeprefix('encoded_')}_vectors",
    )


def _near_memory(name: str, summary: str, source: str, component: str) -> Design:
    return Design(
        name=f"asm_{name}",
        family="asm",
        summary=summary,
        source=source,
        status=_STATUS,
        parameters="sim_models.asm.near_memory:NearMemoryParameters",
        component=f"hdl.asm.near_memory:{component}",
        latency="6 + lanes / banks for a layer, beside loading and a cycle for each row of weights read",
        cycles=lambda parameters: 6 + parameters.lanes_in_bank,
        bench="asm_near_memory",
        vectors=f"gen.vectors.asm_near_memory:{name}_vectors",
    )


def _in_memory(name: str, summary: str, parameters: str) -> Design:
    return Design(
        name=f"asm_{name}",
        family="asm",
        summary=summary,
        source=f"{_CODES}, cited for the idea; arrays after arXiv 2105.08217; structure and program are bitline's",
        status=_STATUS,
        parameters=f"sim_models.asm.in_memory:{parameters}",
        component="hdl.asm.in_memory:AsmInMemory",
        latency="2 for a product, beside a cycle for each micro-operation and each transfer of zero weights",
        cycles=lambda parameters: 2,
        bench="asm_in_memory",
        vectors="gen.vectors.asm_in_memory:in_memory_vectors",
    )


ASM = (
    _multiplier(
        "multiplier",
        "multipliers of a few alphabets: weights are sums of shifted odd multiples of an input that lanes share",
        _ALPHABETS,
        "AlphabetMultiplier",
    ),
    _clocked("mac", "multiply-accumulate lanes of a few alphabets", _ALPHABETS, "AsmMac", 1),
    _clocked(
        "encoded_mac",
        "multiply-accumulate lanes of encoded weights and inputs: products are 1, 3 or 9, shifted",
        f"{_CODES}, cited for the idea; codes and structure are bitline's",
        "AsmMac",
        1,
        "hdl.asm.lane_parameters:EncodedParameters",
    ),
    _clocked(
        "neuron",
        "such lanes with the activation that they share: rounding shift, ReLU, saturation",
        f"{_ALPHABETS}; the activation is bitline's",
        "AsmNeuron",
        2,
    ),
    _multiplier(
        "exact_multiplier",
        "exact multipliers whose lanes share three times the input",
        f"bitline's; baseline of {_ALPHABETS}",
        "ExactProducts",
    ),
    _clocked("exact_mac", "exact multiply-accumulate lanes", f"bitline's; baseline of {_ALPHABETS}", "ExactMac", 1),
    _clocked(
        "exact_neuron",
        "the same neurons with exact multipliers",
        f"bitline's; baseline of {_ALPHABETS}",
        "ExactNeuron",
        2,
    ),
    _near_memory(
        "near_memory",
        "near-memory unit: banks of weight codes with such lanes, controller with im2col, requantization",
        f"{_CODES}, cited for the idea; structure, dataflow and formats are bitline's",
        "AsmNearMemory",
    ),
    _near_memory(
        "exact_near_memory",
        "the same unit with exact multipliers and plain words of weights",
        f"bitline's; von Neumann baseline of {_CODES}",
        "ExactNearMemory",
    ),
    _in_memory(
        "in_memory",
        "in-memory unit: arrays that add two rows, shift by column multiplexer, keep 3X; sequencer of weight codes",
        "InMemoryParameters",
    ),
    _in_memory(
        "in_memory_single_row",
        "the same unit without rows of 3X: alphabet 3 is added in two steps",
        "SingleRowParameters",
    ),
)
