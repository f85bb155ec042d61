"""Parameters of the accelerator around the banks, and the layers that it runs."""

from dataclasses import dataclass

from sim_models.arith.checking import require_instance, require_integer
from sim_models.daism.convolution import output_size
from sim_models.daism.layout import Gemm, lane_blocks, slicing
from sim_models.daism.parameters import MAXIMUM_SIZE, DaismParameters

LONGEST_INTEGER_SUM = 1 << 16


@dataclass(frozen=True, kw_only=True)
class AcceleratorParameters(DaismParameters):
    """`DaismParameters` and the sizes of what surrounds the banks, which are small by default.

    ``activation_words``: driver operands that the input buffer holds, a copy in each bank. ``sum_words``: words of the
    output buffer of each bank, a word being the sums of all lanes for one position and block. ``group_limit``: row
    groups of one layer per bank, all passes together. Raises ValueError as `DaismParameters` does.
    """

    rows: int = 64
    columns: int = 64
    banks: int = 2
    activation_words: int = 256
    sum_words: int = 64
    group_limit: int = 1024

    def __post_init__(self) -> None:
        super().__post_init__()
        require_integer("activation_words", self.activation_words, 2, MAXIMUM_SIZE)
        require_integer("sum_words", self.sum_words, 2, MAXIMUM_SIZE)
        require_integer("group_limit", self.group_limit, 1, MAXIMUM_SIZE)

    @property
    def activation_lanes(self) -> int:
        """Driver operands per transfer into the input buffer: one per bank, rounded down to a power of two."""
        return 1 << self.banks.bit_length() - 1


@dataclass(frozen=True, kw_only=True)
class LayerShape:
    """A layer as the accelerator runs it: a convolution of ``images`` of ``channels`` x ``height`` x ``width``.

    ``outputs`` channels, kernels of ``kernel_height`` x ``kernel_width``; ``padding`` zeros on each side, ``bias``:
    whether the sums start from one value per output. ``slicing``: ``index`` or ``channel``, or None for what the
    parameters say; a piece of a layer has that of the whole. ``loaded``: the row groups are still there from the layer
    before. A matrix product is a convolution of images of one pixel.

    Raises ValueError for numbers below 1 (``padding`` below 0), a kernel larger than the padded image, and an unknown
    ``slicing``.
    """

    images: int
    channels: int
    outputs: int
    height: int = 1
    width: int = 1
    kernel_height: int = 1
    kernel_width: int = 1
    stride: int = 1
    padding: int = 0
    bias: bool = False
    slicing: str | None = None
    loaded: bool = False

    def __post_init__(self) -> None:
        for name in ("images", "channels", "outputs", "height", "width"):
            require_integer(name, getattr(self, name), 1, MAXIMUM_SIZE)
        require_instance("bias", self.bias, bool)
        require_instance("loaded", self.loaded, bool)
        if self.slicing not in (None, "index", "channel"):
            raise ValueError(f"slicing must be 'index', 'channel' or None, not {self.slicing!r}")
        output_size(self.size, self.kernel, self.stride, self.padding)

    @property
    def size(self) -> tuple[int, int]:
        """Height and width of an image."""
        return self.height, self.width

    @property
    def kernel(self) -> tuple[int, int]:
        """Height and width of a kernel."""
        return self.kernel_height, self.kernel_width

    @property
    def output(self) -> tuple[int, int]:
        """Height and width of a result."""
        return output_size(self.size, self.kernel, self.stride, self.padding)

    @property
    def image_positions(self) -> int:
        """Positions of one image."""
        return self.output[0] * self.output[1]

    @property
    def image_words(self) -> int:
        """Driver operands of one image."""
        return self.channels * self.height * self.width

    @property
    def gemm(self) -> Gemm:
        """The layer as a matrix product."""
        length = self.channels * self.kernel_height * self.kernel_width
        return Gemm(positions=self.images * self.image_positions, length=length, outputs=self.outputs)


def matrix_shape(
    positions: int, length: int, outputs: int, *, bias: bool = False, slicing: str | None = None
) -> LayerShape:
    """A matrix product of (positions, length), driven, and (length, outputs), stored; also a fully connected layer."""
    return LayerShape(images=positions, channels=length, outputs=outputs, bias=bias, slicing=slicing)


def layer_slicing(shape: LayerShape, parameters: DaismParameters) -> str:
    """``index`` or ``channel``."""
    return shape.slicing or slicing(shape.outputs, parameters)


def local_blocks(shape: LayerShape, parameters: DaismParameters) -> int:
    """Blocks of lanes whose sums one bank holds: all with ``index`` slicing, its own with ``channel``."""
    blocks = lane_blocks(shape.outputs, parameters)
    return blocks if layer_slicing(shape, parameters) == "index" else -(-blocks // parameters.banks)


def layer_places(shape: LayerShape, parameters: DaismParameters) -> int:
    """Row groups of the busiest bank, all passes together."""
    length = shape.gemm.length
    if layer_slicing(shape, parameters) == "channel":
        return length * local_blocks(shape, parameters)
    return -(-length * lane_blocks(shape.outputs, parameters) // parameters.banks)


def require_fit(shape: LayerShape, parameters: AcceleratorParameters) -> None:
    """Raise ValueError, with the sizes, for a layer that the buffers or counters do not hold."""
    p = parameters
    require_instance("shape", shape, LayerShape)
    require_instance("parameters", p, AcceleratorParameters)
    sums = local_blocks(shape, p) * (shape.gemm.positions + shape.bias)
    for name, needed, room in (
        ("activation_words", shape.images * shape.image_words, p.activation_words),
        ("activation_words", max(shape.size) + 2 * shape.padding, p.activation_words),
        ("activation_words", shape.stride, p.activation_words),
        ("sum_words", sums, p.sum_words),
        ("group_limit", layer_places(shape, p), p.group_limit),
        ("groups", layer_places(shape, p) if shape.loaded else 0, p.groups),
    ):
        if needed > room:
            raise ValueError(f"{name} must be at least {needed} for this layer, not {room}")
    if not p.is_float and shape.gemm.length > LONGEST_INTEGER_SUM:
        raise ValueError(f"length must be at most {LONGEST_INTEGER_SUM} for integers, not {shape.gemm.length}")


def fits(shape: LayerShape, parameters: AcceleratorParameters) -> bool:
    """Whether `require_fit` accepts the layer."""
    try:
        require_fit(shape, parameters)
    except ValueError:
        return False
    return True
