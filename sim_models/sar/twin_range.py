"""Parameters of twin-range quantization (TRQ): what a layer's registers hold, and what a controller is built for."""

from dataclasses import dataclass

from sim_models.arith.checking import require_instance, require_integer

R2_ORIGINS = ("zero", "after_r1")


@dataclass(frozen=True, kw_only=True)
class TrqParameters:
    """Two ranges of a converter of ``bits`` bits, each with its own step: one configuration, of one layer.

    R1 is ``r1_start <= x < r1_start + size`` with the step D1 = 2^r1_step_log2 and r1_bits bits, so that size =
    2^(r1_bits + r1_step_log2). R2 is everything else, with the step D2 = 2^(r1_step_log2 + ratio_log2). ``r2_origin``
    says where the codes of R2 count from: ``zero``, or ``after_r1``, the end of R1. With ``mid_rise`` a code stands for
    the middle of its step, else for its lower end. With ``skip_known_trial`` a trial whose answer follows from those
    before it is not compared. ``conversion_slots`` is the number of cycles set aside for comparisons at a fixed rate;
    None: bits + 2.

    Raises ValueError, naming the field, for bits outside 2..16; negative or non-integer fields; r1_bits + r1_step_log2
    above bits - 1 (the word that tells the ranges apart must be one of the DAC's); a step of R2 that leaves it no bit;
    a range away from 0 that does not end below 2^bits; ``after_r1`` or ``skip_known_trial`` with a range away from 0;
    both of these together; and fewer slots than the most comparisons.

    Source: Zhang et al., arXiv 2402.06164 (DATE 2024), which describes the ranges, the early stop and the idea of the
    coding; the formulas here are bitline's reconstruction.
    """

    bits: int = 8
    r1_start: int = 0
    r1_step_log2: int = 0
    r1_bits: int = 4
    ratio_log2: int = 3
    mid_rise: bool = True
    r2_origin: str = "zero"
    skip_known_trial: bool = False
    conversion_slots: int | None = None

    def __post_init__(self) -> None:
        require_integer("bits", self.bits, 2, 16)
        for name in ("r1_start", "r1_step_log2", "r1_bits", "ratio_log2"):
            require_integer(name, getattr(self, name), 0)
        for name in ("mid_rise", "skip_known_trial"):
            require_instance(name, getattr(self, name), bool)
        self._check_ranges()
        self._check_options()
        if self.conversion_slots is not None:
            require_integer("conversion_slots", self.conversion_slots, self.worst_operations)

    def _check_ranges(self) -> None:
        n, d1 = self.bits, self.r1_step_log2
        if self.r1_bits + d1 > n - 1:
            raise ValueError(f"r1_bits + r1_step_log2 must be at most bits - 1 = {n - 1}, not {self.r1_bits + d1}")
        if d1 + self.ratio_log2 > n - 1:
            raise ValueError(
                f"ratio_log2 must be at most bits - 1 - r1_step_log2 = {n - 1 - d1}, which leaves R2 a bit, "
                f"not {self.ratio_log2}"
            )
        if self.r1_start and self.r1_end > self.maximum:
            raise ValueError(
                f"r1_start must be at most 2^bits - 1 - 2^(r1_bits + r1_step_log2) = {self.maximum - self.r1_size}, "
                f"not {self.r1_start}"
            )

    def _check_options(self) -> None:
        if self.r2_origin not in R2_ORIGINS:
            raise ValueError(f"r2_origin must be one of {', '.join(R2_ORIGINS)}, not {self.r2_origin!r}")
        after_r1 = self.r2_origin == "after_r1"
        if self.r1_start and (after_r1 or self.skip_known_trial):
            option = "r2_origin 'after_r1'" if after_r1 else "skip_known_trial"
            raise ValueError(f"r1_start must be 0 with {option}, not {self.r1_start}")
        if after_r1 and self.skip_known_trial:
            raise ValueError("skip_known_trial must be False with r2_origin 'after_r1', not True")

    @property
    def maximum(self) -> int:
        """Largest count."""
        return (1 << self.bits) - 1

    @property
    def r1_size(self) -> int:
        """Counts in R1, a power of two."""
        return 1 << self.r1_bits + self.r1_step_log2

    @property
    def r1_end(self) -> int:
        """The first count above R1."""
        return self.r1_start + self.r1_size

    @property
    def r2_step_log2(self) -> int:
        """Binary logarithm of the step of R2."""
        return self.r1_step_log2 + self.ratio_log2

    @property
    def r2_bits(self) -> int:
        """Bits that the search of R2 decides."""
        if self.r2_origin == "zero":
            return self.bits - self.r2_step_log2
        cells = -(-(self.maximum + 1 - self.r1_size) >> self.r2_step_log2)
        return (cells - 1).bit_length()

    @property
    def r1_half(self) -> int:
        """What is added to a code of R1: half its step, or nothing."""
        return (1 << self.r1_step_log2) >> 1 if self.mid_rise else 0

    @property
    def r2_half(self) -> int:
        """What is added to a code of R2: half its step, or nothing."""
        return (1 << self.r2_step_log2) >> 1 if self.mid_rise else 0

    @property
    def worst_operations(self) -> int:
        """Cycles of the longest search, comparisons that are forced or skipped included."""
        detections = 2 if self.r1_start else 1
        return detections + max(self.r1_bits, self.r2_bits)

    @property
    def slots(self) -> int:
        """Cycles set aside for the comparisons of one conversion at a fixed rate."""
        return self.bits + 2 if self.conversion_slots is None else self.conversion_slots


@dataclass(frozen=True, kw_only=True)
class TrqControllerParameters:
    """What a twin-range controller is built for: it then takes any configuration of ``bits`` that needs no more.

    ``sample_cycles``: cycles of sampling. ``support_base``: R1 may start away from 0. ``support_after_r1``: R2 may
    count from the end of R1. ``support_skip``: known trials may be skipped.

    Raises ValueError for ``bits`` outside 2..16, ``sample_cycles`` outside 1..256, and other values than booleans.
    """

    bits: int = 8
    sample_cycles: int = 1
    support_base: bool = False
    support_after_r1: bool = False
    support_skip: bool = False

    def __post_init__(self) -> None:
        require_integer("bits", self.bits, 2, 16)
        require_integer("sample_cycles", self.sample_cycles, 1, 256)
        for name in ("support_base", "support_after_r1", "support_skip"):
            require_instance(name, getattr(self, name), bool)

    @property
    def maximum(self) -> int:
        """Largest count."""
        return (1 << self.bits) - 1

    @property
    def operations_width(self) -> int:
        """Bits of the number of comparisons, at most two to find the range and ``bits`` in it."""
        return (self.bits + 2).bit_length()

    def require_supported(self, configuration: TrqParameters) -> None:
        """Raise ValueError, naming the field, unless a controller built for this takes ``configuration``."""
        require_instance("configuration", configuration, TrqParameters)
        if configuration.bits != self.bits:
            raise ValueError(f"bits must be {self.bits}, as the controller has, not {configuration.bits}")
        needs = {
            "support_base": configuration.r1_start > 0,
            "support_after_r1": configuration.r2_origin == "after_r1",
            "support_skip": configuration.skip_known_trial,
        }
        for name, needed in needs.items():
            if needed and not getattr(self, name):
                raise ValueError(f"{name} must be True for {configuration}, not False")
