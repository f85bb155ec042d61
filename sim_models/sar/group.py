"""Parameters of converters shared by the columns of an array, and of the decoder of their codes; the register map."""

from dataclasses import dataclass

from sim_models.arith.checking import require_instance, require_integer
from sim_models.sar.parameters import SarParameters
from sim_models.sar.registers import register_fields, register_values
from sim_models.sar.twin_range import TrqControllerParameters, TrqParameters

SEARCHES = ("twin_range", "plain")
RATES = ("fixed", "variable")
RESULT_CODINGS = ("aligned", "value")
CODINGS = ("aligned", "packed")
COUNTER_BITS = 32
"""Width of the data of the configuration bus, and of both counters."""


def _require_one_of(name: str, value: object, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{name} must be one of {', '.join(allowed)}, not {value!r}")


@dataclass(frozen=True, kw_only=True)
class TrqDecoderParameters:
    """A decoder of twin-range codes of ``bits`` bits.

    ``coding``: ``aligned`` (every bit at its own weight, as a controller shows them) or ``packed`` (the decided bits
    only, right-justified). ``support_base`` and ``support_after_r1`` as in `TrqControllerParameters`.

    Raises ValueError for ``bits`` outside 2..16, another ``coding``, and other values than booleans.
    """

    bits: int = 8
    coding: str = "aligned"
    support_base: bool = False
    support_after_r1: bool = False

    def __post_init__(self) -> None:
        require_integer("bits", self.bits, 2, 16)
        _require_one_of("coding", self.coding, CODINGS)
        for name in ("support_base", "support_after_r1"):
            require_instance(name, getattr(self, name), bool)

    @property
    def controller(self) -> TrqControllerParameters:
        """A controller whose codes this decodes."""
        return TrqControllerParameters(
            bits=self.bits, support_base=self.support_base, support_after_r1=self.support_after_r1
        )


@dataclass(frozen=True, kw_only=True)
class AdcGroupParameters:
    """``columns`` columns of an array, shared out in equal runs among ``converters`` converters.

    * ``search``: ``twin_range`` or ``plain``; ``bits``, ``sample_cycles`` and ``support_*`` as in
      `TrqControllerParameters` (the last for ``twin_range`` only).
    * ``coding``: results are ``aligned`` codes with their flag, or decoded to a ``value``; plain codes are values.
    * ``rate``: ``fixed``, all converters in step, each conversion in a slot of equal length with ``conversion_slots``
      cycles for the search (None: bits + 2, plain: bits); or ``variable``, each converter at its own pace, with a FIFO
      of ``fifo_depth`` results.
    * ``overlap_select``: a column is selected while the conversion before it ends; else that takes a cycle of its own.
    * ``input_bits``: planes, one per bit of the inputs, lowest first. ``slices``: each run of that many columns of a
      converter holds the slices of one weight, lowest first.

    Raises ValueError, naming the field, for numbers outside 1..4096 columns, 1..256 converters (a divisor of the
    columns), 2..16 bits, 1..256 sample cycles, 1..16 input bits and slices (a divisor of a converter's columns), 2..16
    results in a FIFO; for unknown words; for ``support_*`` with a plain search; and for conversion slots at a variable
    rate, or outside 2..18 (plain: bits..18).
    """

    columns: int = 128
    converters: int = 1
    search: str = "twin_range"
    bits: int = 8
    sample_cycles: int = 1
    support_base: bool = False
    support_after_r1: bool = False
    support_skip: bool = False
    coding: str = "aligned"
    rate: str = "fixed"
    conversion_slots: int | None = None
    fifo_depth: int = 4
    overlap_select: bool = True
    input_bits: int = 8
    slices: int = 8

    def __post_init__(self) -> None:
        _require_one_of("search", self.search, SEARCHES)
        _require_one_of("coding", self.coding, RESULT_CODINGS)
        _require_one_of("rate", self.rate, RATES)
        require_integer("columns", self.columns, 1, 4096)
        require_integer("converters", self.converters, 1, 256)
        require_integer("input_bits", self.input_bits, 1, 16)
        require_integer("slices", self.slices, 1, 16)
        require_integer("fifo_depth", self.fifo_depth, 2, 16)
        require_instance("overlap_select", self.overlap_select, bool)
        self._check_shares()
        self._check_search()

    def _check_shares(self) -> None:
        if self.columns % self.converters:
            raise ValueError(f"converters must divide columns = {self.columns}, not be {self.converters}")
        if self.columns_per_adc % self.slices:
            raise ValueError(f"slices must divide columns / converters = {self.columns_per_adc}, not be {self.slices}")

    def _check_search(self) -> None:
        _ = self.controller  # checks bits, sample_cycles and support_*
        if self.search == "plain":
            for name in ("support_base", "support_after_r1", "support_skip"):
                if getattr(self, name):
                    raise ValueError(f"{name} must be False with a plain search, not True")
        if self.conversion_slots is not None:
            if self.rate == "variable":
                raise ValueError(f"conversion_slots must be none at a variable rate, not {self.conversion_slots}")
            fewest = self.bits if self.search == "plain" else 2
            require_integer("conversion_slots", self.conversion_slots, fewest, 18)

    @property
    def controller(self) -> TrqControllerParameters:
        """What each converter's controller is built for; of a plain search, only its bits and cycles count."""
        return TrqControllerParameters(
            bits=self.bits,
            sample_cycles=self.sample_cycles,
            support_base=self.support_base,
            support_after_r1=self.support_after_r1,
            support_skip=self.support_skip,
        )

    @property
    def plain_controller(self) -> SarParameters:
        """What each converter's controller is built for, with a plain search."""
        return SarParameters(bits=self.bits, sample_cycles=self.sample_cycles)

    @property
    def decoder(self) -> TrqDecoderParameters:
        """What decodes each converter's codes."""
        return TrqDecoderParameters(
            bits=self.bits, support_base=self.support_base, support_after_r1=self.support_after_r1
        )

    @property
    def columns_per_adc(self) -> int:
        """Columns that one converter serves."""
        return self.columns // self.converters

    @property
    def slots(self) -> int:
        """Cycles of the search in a slot of fixed length; at a variable rate, of the longest search there can be."""
        if self.conversion_slots is not None:
            return self.conversion_slots
        return self.bits if self.search == "plain" else self.bits + 2

    @property
    def overhead(self) -> int:
        """Cycles of a conversion beside its search: sampling, the cycle of done, and of a select that has its own."""
        return self.sample_cycles + 1 + (not self.overlap_select)

    @property
    def slot_cycles(self) -> int:
        """Cycles from one conversion to the next at a fixed rate, and the most at a variable one."""
        return self.overhead + self.slots

    @property
    def plane_cycles(self) -> int:
        """Cycles from one plane to the next at a fixed rate, and the most at a variable one with an idle FIFO."""
        return self.columns_per_adc * self.slot_cycles

    @property
    def flagged(self) -> bool:
        """Results carry the flag of their range."""
        return self.search == "twin_range" and self.coding == "aligned"

    @property
    def word_bits(self) -> int:
        """Bits of one converter's result."""
        return self.bits + self.flagged

    @property
    def operations_width(self) -> int:
        """Bits of the number of comparisons of one conversion."""
        plain = self.search == "plain"
        return self.plain_controller.operations_width if plain else self.controller.operations_width


CONTROL_COMMIT, CONTROL_CLEAR = 0, 1
STATUS_BUSY, STATUS_PENDING, STATUS_OVERRUN = 0, 1, 2


def register_map(parameters: AdcGroupParameters) -> dict[str, tuple[int, int]]:
    """Address and width of each register of the configuration bus, by name, in the order of the addresses.

    First the fields of a layer's configuration (`register_fields`; none with a plain search), to be written; then
    ``control`` (to be written: bit 0, commit, makes the configuration as written take effect with the next plane; bit
    1 sets both counters to 0); then, to be read, ``status`` (bit 0: a plane is being converted, bit 1: a committed
    configuration has not taken effect, bit 2: some search was longer than its slot), ``total_ops`` and
    ``total_conversions`` (they stop at 2^32 - 1).
    """
    require_instance("parameters", parameters, AdcGroupParameters)
    plain = parameters.search == "plain"
    widths = {} if plain else register_fields(parameters.controller)
    widths |= {"control": 2, "status": 3, "total_ops": COUNTER_BITS, "total_conversions": COUNTER_BITS}
    return {name: (address, width) for address, (name, width) in enumerate(widths.items())}


def require_slots(configuration: TrqParameters, parameters: AdcGroupParameters) -> None:
    """Raise ValueError, naming the field, unless ``parameters`` can run ``configuration``, its longest search too."""
    parameters.controller.require_supported(configuration)
    if parameters.rate == "fixed" and configuration.worst_operations > parameters.slots:
        raise ValueError(
            f"conversion_slots must be at least {configuration.worst_operations}, the longest search of "
            f"{configuration}, not {parameters.slots}"
        )


def configuration_writes(configuration: TrqParameters, parameters: AdcGroupParameters) -> list[tuple[int, int]]:
    """What software writes to load ``configuration``: pairs of address and data, the commit last.

    The configuration takes effect with the first plane that starts after the commit. Until ``status`` says so the
    fields must not be written again.

    Raises ValueError, naming the field, for a plain search, a configuration that the controllers were not built for,
    and one whose longest search does not fit the slots of a fixed rate.
    """
    require_instance("parameters", parameters, AdcGroupParameters)
    if parameters.search == "plain":
        raise ValueError("search must be twin_range for a configuration to load, not 'plain'")
    require_slots(configuration, parameters)
    places = register_map(parameters)
    values = register_values(configuration, parameters.controller)
    return [(places[name][0], value) for name, value in values.items()] + [(places["control"][0], 1 << CONTROL_COMMIT)]
