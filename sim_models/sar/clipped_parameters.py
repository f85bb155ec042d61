"""Parameters of the clipped converter, the plain one of fewer bits that others are measured against."""

from dataclasses import dataclass

from sim_models.arith.checking import require_instance, require_integer


@dataclass(frozen=True, kw_only=True)
class ClippedParameters:
    """A plain search of ``kept_bits`` bits over a window of a converter of ``bits`` bits.

    The window is ``start <= x < start + 2^(kept_bits + step_log2)``, in steps of 2^step_log2; a count outside gets the
    nearest code. With ``mid_rise`` a code stands for the middle of its step, else for its lower end.

    Raises ValueError, naming the field, for bits outside 2..16, kept_bits outside 1..bits, a step whose window is wider
    than the range, and a window that ends above it. Source: bitline's baseline of equal comparisons.
    """

    bits: int = 8
    kept_bits: int
    step_log2: int
    start: int = 0
    mid_rise: bool = True

    def __post_init__(self) -> None:
        require_integer("bits", self.bits, 2, 16)
        require_integer("kept_bits", self.kept_bits, 1, self.bits)
        require_integer("step_log2", self.step_log2, 0)
        if self.kept_bits + self.step_log2 > self.bits:
            raise ValueError(
                f"step_log2 must be at most bits - kept_bits = {self.bits - self.kept_bits}, not {self.step_log2}"
            )
        require_integer("start", self.start, 0, self.maximum + 1 - self.window)
        require_instance("mid_rise", self.mid_rise, bool)

    @property
    def maximum(self) -> int:
        """Largest count."""
        return (1 << self.bits) - 1

    @property
    def window(self) -> int:
        """Counts in the window."""
        return 1 << self.kept_bits + self.step_log2

    @property
    def half(self) -> int:
        """What is added to a code: half its step, or nothing."""
        return (1 << self.step_log2) >> 1 if self.mid_rise else 0
