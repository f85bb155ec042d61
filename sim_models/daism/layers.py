"""Convolution layers as shapes: those that the cycle tables are made for, and those of published baselines."""

from dataclasses import dataclass

from sim_models.arith.checking import require_integer
from sim_models.daism.convolution import output_size
from sim_models.daism.layout import Gemm, stored_gemm
from sim_models.daism.parameters import DaismParameters


@dataclass(frozen=True, kw_only=True)
class ConvLayer:
    """A square convolution: ``channels`` of ``size`` x ``size``, ``kernel`` x ``kernel``, ``images`` at a time.

    ``groups`` split channels and outputs. A fully connected layer has size and kernel 1. Raises ValueError for numbers
    below 1 (``padding`` below 0), groups that divide neither, and a kernel larger than the padded image.
    """

    name: str
    channels: int
    outputs: int
    size: int
    kernel: int = 1
    stride: int = 1
    padding: int = 0
    groups: int = 1
    images: int = 1

    def __post_init__(self) -> None:
        for name in ("channels", "outputs", "size", "kernel", "groups", "images"):
            require_integer(name, getattr(self, name), 1)
        if self.channels % self.groups or self.outputs % self.groups:
            raise ValueError(
                f"groups must divide channels and outputs, {self.channels} and {self.outputs}, not be {self.groups}"
            )
        output_size((self.size,) * 2, (self.kernel,) * 2, self.stride, self.padding)

    @property
    def output_edge(self) -> int:
        """Rows, and columns, of an output."""
        return output_size((self.size,) * 2, (self.kernel,) * 2, self.stride, self.padding)[0]

    @property
    def macs(self) -> int:
        """Multiply-accumulates, those with padding included."""
        return self.images * self.output_edge**2 * self.outputs * self.channels // self.groups * self.kernel**2

    @property
    def input_words(self) -> int:
        """Words of the input."""
        return self.images * self.channels * self.size**2

    @property
    def weight_words(self) -> int:
        """Words of the kernels."""
        return self.outputs * self.channels // self.groups * self.kernel**2

    @property
    def output_words(self) -> int:
        """Words of the output."""
        return self.images * self.outputs * self.output_edge**2

    @property
    def words(self) -> int:
        """Input, kernels and output, each once: the least that has to come from and go to the outside."""
        return self.input_words + self.weight_words + self.output_words

    def gemm(self, parameters: DaismParameters) -> Gemm:
        """One group of the layer as a matrix product of the array that ``parameters`` describe."""
        positions = self.images * self.output_edge**2
        length = self.channels // self.groups * self.kernel**2
        return stored_gemm(positions, length, self.outputs // self.groups, parameters)


VGG16_CONV1_1 = ConvLayer(name="VGG-16 conv1_1", channels=3, outputs=64, size=224, kernel=3, padding=1)
CIFAR_VGG8_CONV1 = ConvLayer(name="CIFAR VGG-8 conv1", channels=3, outputs=128, size=32, kernel=3, padding=1)
ALEXNET = (
    ConvLayer(name="AlexNet conv1", channels=3, outputs=96, size=227, kernel=11, stride=4),
    ConvLayer(name="AlexNet conv2", channels=96, outputs=256, size=27, kernel=5, padding=2, groups=2),
    ConvLayer(name="AlexNet conv3", channels=256, outputs=384, size=13, kernel=3, padding=1),
    ConvLayer(name="AlexNet conv4", channels=384, outputs=384, size=13, kernel=3, padding=1, groups=2),
    ConvLayer(name="AlexNet conv5", channels=384, outputs=256, size=13, kernel=3, padding=1, groups=2),
)

# Rows and columns of a bank, and banks, for which the cycle tables are made.
CONFIGURATIONS = {
    "1 x 512 kB": (2048, 2048, 1),
    "4 x 128 kB": (1024, 1024, 4),
    "16 x 32 kB": (512, 512, 16),
    "16 x 8 kB": (256, 256, 16),
}
