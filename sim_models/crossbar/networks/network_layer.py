"""One layer of a network as the shape of its matrix products."""

from dataclasses import dataclass

from sim_models.arith.checking import require_choice, require_integer

CONV, DEPTHWISE, FC, LSTM = "conv", "depthwise", "fc", "lstm"
KINDS = (CONV, DEPTHWISE, FC, LSTM)
EXACT, FLOOR = "exact", "floor"


@dataclass(frozen=True, kw_only=True)
class NetworkLayer:
    """A layer, all of whose products have the same weights: ``groups`` matrices of ``terms`` x ``group_outputs``.

    ``kind``: 'conv', 'depthwise' (as many groups as input channels), 'fc' or 'lstm', the last two with kernel, stride
    and size 1. ``repeat``: how often the same weights are used one after another, the time steps of a recurrent layer.
    ``edges``: 'exact', the kernel's steps meet the edge of the padded image, or 'floor', what is left over is dropped.

    Raises ValueError, naming the field, for numbers below 1 (paddings below 0), another kind or rule for edges, groups
    that divide neither channels, a depthwise layer with other groups, a kernel, stride, padding or size of 'fc' and
    'lstm' other than 1 and 0, a kernel larger than the padded image, and steps that miss the edge where ``edges`` is
    'exact'.
    """

    name: str
    kind: str
    in_channels: int
    out_channels: int
    kernel_h: int = 1
    kernel_w: int = 1
    stride: int = 1
    padding_h: int = 0
    padding_w: int = 0
    groups: int = 1
    in_h: int = 1
    in_w: int = 1
    repeat: int = 1
    edges: str = EXACT

    def __post_init__(self) -> None:
        require_choice("kind", self.kind, KINDS)
        require_choice("edges", self.edges, (EXACT, FLOOR))
        counts = ("in_channels", "out_channels", "kernel_h", "kernel_w", "stride", "groups", "in_h", "in_w", "repeat")
        for name in counts:
            require_integer(name, getattr(self, name), 1)
        for name in ("padding_h", "padding_w"):
            require_integer(name, getattr(self, name), 0)
        self._check_channels()
        self._check_image()

    def _check_channels(self) -> None:
        if self.in_channels % self.groups or self.out_channels % self.groups:
            channels = f"in_channels and out_channels, {self.in_channels} and {self.out_channels}"
            raise ValueError(f"groups must divide {channels}, not be {self.groups}")
        if self.kind == DEPTHWISE:
            require_choice("groups of a depthwise layer", self.groups, (self.in_channels,))
        if self.kind in (FC, LSTM):
            for name in ("kernel_h", "kernel_w", "stride", "groups", "in_h", "in_w"):
                require_choice(f"{name} of kind {self.kind!r}", getattr(self, name), (1,))
            for name in ("padding_h", "padding_w"):
                require_choice(f"{name} of kind {self.kind!r}", getattr(self, name), (0,))

    def _check_image(self) -> None:
        for axis, size, kernel, padding in self._axes:
            room = size + 2 * padding - kernel
            if room < 0:
                raise ValueError(f"kernel_{axis} must be at most {size + 2 * padding}, the padded image, not {kernel}")
            if self.edges == EXACT and room % self.stride:
                steps = f"{room}, the way of the kernel along {axis}, where edges are {EXACT!r}"
                raise ValueError(f"stride must divide {steps}, not be {self.stride}")

    @property
    def _axes(self) -> tuple[tuple[str, int, int, int], tuple[str, int, int, int]]:
        return ("h", self.in_h, self.kernel_h, self.padding_h), ("w", self.in_w, self.kernel_w, self.padding_w)

    @property
    def out_size(self) -> tuple[int, int]:
        """Height and width of the output."""
        high, wide = ((size + 2 * padding - kernel) // self.stride + 1 for _, size, kernel, padding in self._axes)
        return high, wide

    @property
    def terms(self) -> int:
        """Products in one sum, K."""
        return self.in_channels // self.groups * self.kernel_h * self.kernel_w

    @property
    def group_outputs(self) -> int:
        """Outputs of one group, M."""
        return self.out_channels // self.groups

    @property
    def positions(self) -> int:
        """Vectors that meet the same weights, L: places of the output, times ``repeat``."""
        high, wide = self.out_size
        return high * wide * self.repeat

    @property
    def weights(self) -> int:
        """Weights, without biases."""
        return self.groups * self.terms * self.group_outputs

    @property
    def macs(self) -> int:
        """Multiply-accumulates, those with padding included."""
        return self.weights * self.positions
