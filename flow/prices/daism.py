"""Areas of the in-SRAM multiplier on one cell library: lanes by their best recipe, a bank block by block.

The array and the side memory of a bank are areas of `sim_models.daism.energy.SramModel`, a stated model; the stand-in
of flip-flops that the hardware is simulated with is never priced as one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from flow.libraries import Library
from flow.prices.assembly import assemble
from flow.synthesis import Synthesis, best_of, synthesize, synthesize_all
from flow.synthesis.recipes import AREA, AREA_RECIPES, BALANCED, SPEED, Recipe, hierarchical
from flow.timing import sign_off
from gen.rtl import Rtl, elaborate
from hdl.daism import Accumulator, BankLoader, DaismBank, DaismLane, ExactLane
from hdl.daism.accelerator import Daism
from hdl.daism.layouts import side_bits
from hdl.daism.or_plane import OrPlane
from sim_models.daism import DaismParameters
from sim_models.daism.accelerator import AcceleratorParameters
from sim_models.daism.energy import SramModel

# A bank's blocks; memories have nothing for the longer recipes to find.
BANK_BLOCKS = {
    "multi_row_array": (AREA,),
    "side_memory": (AREA,),
    "daism_lane": AREA_RECIPES,
    "bank_loader": AREA_RECIPES,
    "bank_counters": AREA_RECIPES,
    "slot_pipeline": AREA_RECIPES,
    "wordline_decoder": AREA_RECIPES,
}
ACCELERATOR_BLOCKS = {**BANK_BLOCKS, "buffer": (AREA,)}
# The bank's parts that are priced otherwise: the array and the side memory by a model, lanes and loader lane by lane.
_OTHERWISE = ("array", "side", "lane", "loader")
# Flip-flops of buffers are thrown away again: few are mapped faster.
_BUFFER_WORDS = 16

# Targets about a nanosecond less clock-to-output and setup, of which ABC knows nothing.
FAST_RECIPES = (BALANCED, SPEED, *(replace(SPEED, delay_target_ps=target) for target in (800, 850)))


@dataclass(frozen=True, kw_only=True)
class LanePrice:
    """One lane in um2: all of it, and its partial sums, which are flip-flops; the ``recipe`` that is smallest."""

    area_um2: float
    sums_um2: float
    recipe: str

    @property
    def arithmetic_um2(self) -> float:
        """Everything but the partial sums."""
        return self.area_um2 - self.sums_um2


@dataclass(frozen=True, kw_only=True)
class TimedLane:
    """A lane mapped for speed: area in um2, longest path in ps by OpenSTA, and by which recipe."""

    accumulate_latency: int
    area_um2: float
    longest_ps: float
    recipe: str


@dataclass(frozen=True, kw_only=True)
class BankArea:
    """One bank in um2. ``array`` and ``side`` (memory) are the SRAM model's, the others mapped logic.

    ``loader`` is what the loader takes for all lanes; ``control`` its sequencer, decoder, slots, counters, registers.
    """

    array: float
    side: float
    lanes: float
    loader: float
    control: float

    @property
    def total(self) -> float:
        """All of it."""
        return self.array + self.side + self.lanes + self.loader + self.control


@dataclass(frozen=True, kw_only=True)
class AroundBanks:
    """Logic of the accelerator outside its banks in um2, memories left out.

    ``bank_um2``: for each bank. ``lane_um2``: for each lane of one bank, such as its adder across banks.
    ``bank_lane_um2``: for each lane of each bank. ``shared_um2``: once.
    """

    bank_um2: float
    lane_um2: float
    bank_lane_um2: float
    shared_um2: float

    def total(self, parameters: DaismParameters) -> float:
        """Around all banks."""
        banks, lanes = parameters.banks, parameters.lanes
        each = banks * (self.bank_um2 + lanes * self.bank_lane_um2)
        return each + lanes * self.lane_um2 + self.shared_um2


def lane_price(parameters: DaismParameters, library: Library, *, exact: bool = False) -> LanePrice:
    """The lane behind the array, or with ``exact`` the one with a multiplier; flattened, by the smallest recipe.

    Raises SynthesisError where a recipe fails, as all functions here do.
    """
    smallest = best_of(_lane(parameters, exact), AREA_RECIPES, library).winner
    return LanePrice(area_um2=smallest.area_um2, sums_um2=smallest.kinds.memory_um2, recipe=smallest.recipe)


def accumulator_um2(parameters: DaismParameters, library: Library) -> float:
    """The accumulator by itself, partial sums included: what the two lanes have in common."""
    rtl = elaborate(Accumulator(parameters=parameters), "daism_accumulator")
    return best_of(rtl, AREA_RECIPES, library).winner.area_um2


def timed_lanes(
    parameters: DaismParameters, library: Library, latencies: Sequence[int], *, exact: bool = False
) -> list[TimedLane]:
    """The same lane with each of ``latencies`` stages of the accumulate loop, by recipes for speed, timed by OpenSTA.

    The array's word is there when a cycle begins: its access time is in no path. Raises ToolMissing without OpenSTA.
    """
    found = []
    for latency in latencies:
        rtl = _lane(replace(parameters, accumulate_latency=latency), exact)
        for mapped in synthesize_all(rtl, FAST_RECIPES, library):
            timing = sign_off(mapped, library)
            assert timing is not None, "a lane has paths"
            found.append(
                TimedLane(
                    accumulate_latency=latency,
                    area_um2=mapped.area_um2,
                    longest_ps=timing.longest_ps,
                    recipe=mapped.recipe,
                )
            )
    return found


def loader_lane_um2(parameters: DaismParameters, library: Library) -> float:
    """What one lane more costs in the loader: the loader of two lanes less that of one."""
    return _loader(parameters, 2, library).area_um2 - _loader(parameters, 1, library).area_um2


def control_um2(parameters: DaismParameters, library: Library) -> float:
    """What a bank has once, memories left out: sequencer of the loader, decoder, slots, counters, driver registers.

    From a bank of one lane and one row group; that of 512 rows has wider addresses, 100 um2 more, of 1,800.
    """
    p = _one_lane(parameters)
    rtl = elaborate(DaismBank(parameters=p), "daism_bank")
    left_out: dict[str, Sequence[Recipe]] = {"daism_lane": (AREA,), "bank_loader": (AREA,)}
    parts = assemble(rtl, {**BANK_BLOCKS, **left_out}, library)
    sequencer = _loader(p, 1, library).area_um2 - loader_lane_um2(p, library)
    return parts.without(*_OTHERWISE) + sequencer


def around_banks(parameters: DaismParameters, library: Library) -> AroundBanks:
    """Controller, address generators and adders across banks, from accelerators of two and four banks of a lane or two.

    Mapped with the hierarchy kept. Buffers have 16 words; the addresses of 256 and 64 words make it a third larger, of
    what is 3 % of an accelerator.
    """
    sizes = [(2, 1), (4, 1), (2, 2), (4, 2)]
    two, four, two_wide, four_wide = (_around(parameters, banks, lanes, library) for banks, lanes in sizes)
    both = (four_wide - two_wide - four + two) / 2
    bank, lane = (four - two) / 2 - both, two_wide - two - 2 * both
    shared = two - 2 * (bank + both) - lane
    return AroundBanks(bank_um2=bank, lane_um2=lane, bank_lane_um2=both, shared_um2=shared)


def or_plane_um2(parameters: DaismParameters, library: Library) -> float:
    """The product of one lane by AND and OR gates instead of an array, its rows as wires; the smallest recipe's."""
    rtl = elaborate(OrPlane(parameters=parameters), "daism_or_plane")
    return best_of(rtl, AREA_RECIPES, library).winner.area_um2


def bank_area(
    parameters: DaismParameters,
    lane_um2: float,
    loader_lane: float,
    control: float,
    sram: SramModel | None = None,
) -> BankArea:
    """One bank from the areas of its blocks in um2; side memory and array by ``sram``."""
    p, model = parameters, sram or SramModel()
    return BankArea(
        array=model.area_um2(p.rows, p.columns),
        side=model.area_um2(p.groups, p.lanes * side_bits(p)),
        lanes=p.lanes * lane_um2,
        loader=p.lanes * loader_lane,
        control=control,
    )


def _lane(parameters: DaismParameters, exact: bool) -> Rtl:
    component = ExactLane(parameters=parameters) if exact else DaismLane(parameters=parameters)
    return elaborate(component, "daism_exact_lane" if exact else "daism_lane")


def _loader(parameters: DaismParameters, lanes: int, library: Library) -> Synthesis:
    p = replace(parameters, rows=parameters.rows_per_group, columns=lanes * parameters.kept)
    return best_of(elaborate(BankLoader(parameters=p), "daism_loader"), AREA_RECIPES, library).winner


def _one_lane(parameters: DaismParameters) -> DaismParameters:
    return replace(parameters, rows=parameters.rows_per_group, columns=parameters.kept, banks=1)


def _around(parameters: DaismParameters, banks: int, lanes: int, library: Library) -> float:
    """Logic outside memories of an accelerator less that of its banks."""
    sizes = {"rows": parameters.rows_per_group, "columns": lanes * parameters.kept, "banks": banks}
    sizes |= {"activation_words": _BUFFER_WORDS, "sum_words": _BUFFER_WORDS}
    p = AcceleratorParameters(**{**_fields(parameters), **sizes})
    whole, bank = elaborate(Daism(parameters=p), "daism"), elaborate(DaismBank(parameters=p), "daism_bank")
    return _logic_um2(whole, library) - banks * _logic_um2(bank, library)


def _fields(parameters: DaismParameters) -> dict[str, Any]:
    return {field.name: getattr(parameters, field.name) for field in fields(DaismParameters)}


def _logic_um2(rtl: Rtl, library: Library) -> float:
    kinds = synthesize(rtl, hierarchical((AREA,))[0], library).kinds
    return kinds.flip_flop_um2 + kinds.combinational_um2
