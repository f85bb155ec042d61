"""Where errors of analog parts enter the dataflows, and Gaussian errors of given size for each of them."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim_models.arith.checking import IntArray, require_instance, require_integer, require_real
from sim_models.crossbar.checking import FloatArray, real_array
from sim_models.crossbar.parameters import CASCADE, ISAAC, NEURAL_PIM, CrossbarParameters
from sim_models.sar.convert import Converter, reconstruct

Numbers = NDArray[Any]  # of int64 or float64
Hook = Callable[[Numbers], Numbers]
Step = Callable[[FloatArray, FloatArray], FloatArray]

_LARGEST_SIGMA = 1e12
_LARGEST = 1 << 62  # in magnitude, of what a hook returns: rounding to int64 keeps its sign


@dataclass(frozen=True, kw_only=True)
class ErrorHooks:
    """Functions that stand for analog parts; None is the ideal part.

    ``converter`` makes of samples, in counts (for C in steps of its code), what is rounded and saturated.
    ``buffer_cell``, of B: makes of sums, in counts, what the buffer cells hold. ``accumulator``, of C: makes of the
    held value U (vectors, outputs) and the sums of the lines over ``line_maximum``, (polarities, slices, vectors,
    outputs), the next U; see `ideal_step`. All of them return arrays of the shape of their first argument. They are
    called piece by piece, always in the same order, with arrays that nothing else reads, so that they may write into
    them. Raises ValueError for what cannot be called.
    """

    converter: Hook | None = None
    buffer_cell: Hook | None = None
    accumulator: Step | None = None

    def __post_init__(self) -> None:
        for name in ("converter", "buffer_cell", "accumulator"):
            hook = getattr(self, name)
            if hook is not None and not callable(hook):
                raise ValueError(f"{name} must be a function or None, not {hook!r}")

    def require_strategy(self, strategy: str) -> None:
        """Raise ValueError for a part that the strategy does not have."""
        owners = {"converter": (ISAAC, CASCADE, NEURAL_PIM), "buffer_cell": (CASCADE,), "accumulator": (NEURAL_PIM,)}
        for name, strategies in owners.items():
            if getattr(self, name) is not None and strategy not in strategies:
                raise ValueError(f"{name} must be None with strategy {strategy!r}, which has no such part")


IDEAL = ErrorHooks()


def applied(hook: Hook, values: Numbers, name: str) -> Numbers:
    """``hook(values)``; raises ValueError unless it gives finite numbers in the shape of ``values``."""
    return require_numbers(name, np.asarray(hook(values)), values.shape)


def require_numbers(name: str, made: np.ndarray, shape: tuple[int, ...]) -> Numbers:
    """``made`` as int64 or float64; raises ValueError unless it has ``shape`` and magnitudes of at most 2^62."""
    if made.dtype.kind not in "iuf" or made.shape != shape:
        raise ValueError(f"{name} must return numbers of shape {shape}, not {made.dtype} of shape {made.shape}")
    if made.dtype.kind == "f" and not np.isfinite(made).all():
        raise ValueError(f"{name} must return finite numbers, not {made[~np.isfinite(made)].flat[0]}")
    for extreme in (made.min(), made.max()):
        if abs(extreme.item()) > _LARGEST:
            raise ValueError(f"{name} must return numbers of at most 2^62 in magnitude, not {extreme}")
    return made.astype(np.float64 if made.dtype.kind == "f" else np.int64, copy=False)


@dataclass(frozen=True, kw_only=True)
class GaussianError:
    """A hook that adds Gaussian errors of standard deviation ``sigma``, in the unit of its values.

    Draws come from ``seed``, or go on from a generator given as ``seed``. Raises ValueError for a sigma that is no
    number of at least 0 and for a seed that is neither an integer of at least 0 nor a generator; there is no default.
    """

    sigma: float
    seed: int | np.random.Generator | None = None
    _draws: np.random.Generator = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        require_real("sigma", self.sigma, 0, _LARGEST_SIGMA)
        if not isinstance(self.seed, np.random.Generator):
            require_integer("seed", self.seed, 0)
        object.__setattr__(self, "_draws", np.random.default_rng(self.seed))

    def __call__(self, values: Numbers) -> FloatArray:
        """``values`` and a new error for each."""
        return values + self.sigma * self._draws.standard_normal(values.shape)


@dataclass(frozen=True, kw_only=True)
class ScaledConverter:
    """A hook of A: a converter of ``bits`` whose range is ``full_scale`` counts, with an ``error`` in its own steps.

    code = clip(round(sample * (2^bits - 1) / full_scale + error), 0, 2^bits - 1), ties to even; products then are in
    units of full_scale / (2^bits - 1). Raises ValueError for bits outside 1..16, a full_scale below 1, and negative
    samples.
    """

    bits: int
    full_scale: int
    error: GaussianError | None = None

    def __post_init__(self) -> None:
        require_integer("bits", self.bits, 1, 16)
        require_integer("full_scale", self.full_scale, 1)
        if self.error is not None:
            require_instance("error", self.error, GaussianError)

    def __call__(self, samples: Numbers) -> IntArray:
        """Codes of samples from 0."""
        if (samples < 0).any():
            raise ValueError(f"samples must be at least 0, not {samples.min()}: the converter has no sign")
        maximum = (1 << self.bits) - 1
        steps = samples * maximum / self.full_scale
        steps = steps if self.error is None else self.error(steps)
        return np.clip(np.rint(steps), 0, maximum).astype(np.int64)


@dataclass(frozen=True, kw_only=True)
class SarHook:
    """A hook of A: any converter of the family `sar`, whose value is taken; a negative sample keeps its sign."""

    converter: Converter

    def __post_init__(self) -> None:
        if not isinstance(self.converter, Converter):
            raise ValueError(f"converter must be parameters of a converter of `sar`, not {self.converter!r}")

    def __call__(self, samples: Numbers) -> IntArray:
        """Values in counts. Raises ValueError for samples that are no integers."""
        return np.sign(samples).astype(np.int64) * reconstruct(np.abs(samples), self.converter, clip=True)


@dataclass(frozen=True, kw_only=True)
class NoisyAccumulator:
    """A hook of C: the ideal step, and ``error`` in fractions of full scale added to the held value."""

    parameters: CrossbarParameters
    error: GaussianError

    def __post_init__(self) -> None:
        require_instance("parameters", self.parameters, CrossbarParameters)
        require_instance("error", self.error, GaussianError)

    def __call__(self, held: FloatArray, lines: FloatArray) -> FloatArray:
        """The next held value."""
        return self.error(ideal_step(held, lines, self.parameters))


def ideal_step(held: ArrayLike, lines: ArrayLike, parameters: CrossbarParameters) -> FloatArray:
    """2^-dac_bits * U + (1 - 2^-dac_bits) * y_t / Y_FS, of ``held`` U (...) and ``lines`` (polarities, slices, ...).

    ``lines`` are sums over ``line_maximum``; y_t is their sum at the places of their slices, positive minus negative.
    Raises ValueError for values that are not finite and other shapes. Source: this project's form of the analog
    accumulator; a passive circuit can make a convex combination.
    """
    require_instance("parameters", parameters, CrossbarParameters)
    p, voltages, parts = parameters, real_array("held", held), real_array("lines", lines)
    shape = (p.polarities, p.slices, *voltages.shape)
    if parts.shape != shape:
        raise ValueError(f"lines must have the shape {shape}, not {parts.shape}")
    keep = 2.0**-p.dac_bits
    places = 2.0 ** (p.cell_bits * np.arange(p.slices)) * p.cell_maximum / ((1 << p.weight_bits) - 1)
    sums = np.tensordot(places, parts, axes=(0, 1))
    fresh: FloatArray = sums[0] - sums[1] if p.polarities == 2 else sums[0]
    return keep * voltages + (1 - keep) * fresh
