"""Where the driver operands of a layer are read: addresses stay in the image that the window lies in."""

from collections.abc import Sequence
from typing import Any

from amaranth.hdl import Module, Signal, Value

from hdl.daism.im2col import WindowAddress
from hdl.daism.layer_properties import LayerProperties
from hdl.daism.place_walk import PlaceWalk
from hdl.daism.position_walk import PositionWalk
from sim_models.daism.accelerator import AcceleratorParameters, LayerShape


class WalkProperties(LayerProperties):
    """Properties of what follows the descriptor at ``layer``, which is that of ``number`` in every cycle."""

    def assume_layer(self, m: Module) -> None:
        """The descriptor is that of the layer."""
        self.assumes(m, self.describes(self.layer.as_value()))

    def since(self, m: Module, begins: Value) -> Value:
        """Whether the layer is that of the last cycle with ``begins``, and there was one."""
        begun, unchanged = Signal(name="begun"), Signal(name="unchanged")
        m.d.comb += unchanged.eq(begun & (self.number == self.before(m, self.number, "number")))
        m.d.sync += begun.eq(begins | unchanged)
        return unchanged

    @property
    def images(self) -> Value:
        """Images of the layer, which its descriptor does not have."""
        return self.of(self.number, [shape.images for shape in self.layers])

    def is_place(self, place: Any) -> Value:
        """Whether the digits of ``place`` are those of an index t, and its offset is what they say."""
        layer = self.layer
        offset = (place.channel * layer.height + place.row) * layer.width + place.column
        digits = (
            (place.column < layer.kernel_width) & (place.row < layer.kernel_height) & (place.channel < layer.channels)
        )
        return digits & (place.offset == offset[: len(place.offset)])

    def is_window(self, window: Any, image: Value) -> Value:
        """Whether ``window`` is one of ``image``: within the positions, and its base is what they say."""
        layer = self.layer
        base = image * layer.image_words + (window.row - layer.padding) * layer.width + window.column - layer.padding
        inside = (window.row <= layer.last_row) & (window.column <= layer.last_column)
        return inside & (window.base == base[: len(window.base)])


class PlaceWalkProperties(WalkProperties):
    """From ``clear`` on a bank is at an index t of the layer and knows its offset, whatever it is told to do.

    What it takes over from the next bank is such a place, as that keeps to the same.
    """

    def __init__(
        self, *, parameters: AcceleratorParameters, layers: Sequence[LayerShape], component: PlaceWalk
    ) -> None:
        super().__init__(parameters=parameters, layers=layers, component=component)

    def state(self, m: Module) -> None:
        self.assume_layer(m)
        self.assumes(m, ~self.shift | self.is_place(self.neighbour))
        known = self.since(m, self.clear)
        self.holds(m, "place_is_an_index_of_the_layer", ~known | self.is_place(self.place))
        self.holds(m, "so_is_the_upcoming_one", ~(known | self.clear) | self.is_place(self.upcoming))
        self.reaches(m, "a_place_behind_the_first", known & self.exists & (self.place.offset != 0))


class PositionWalkProperties(WalkProperties):
    """From ``begin`` on the window is that of as many positions as steps were made, until there are no more."""

    def __init__(
        self, *, parameters: AcceleratorParameters, layers: Sequence[LayerShape], component: PositionWalk | None = None
    ) -> None:
        super().__init__(
            parameters=parameters, layers=layers, component=component or PositionWalk(parameters=parameters)
        )

    def state(self, m: Module) -> None:
        self.assume_layer(m)
        layer, window = self.layer, self.window
        known = self.since(m, self.begin)
        image, position = Signal(len(window.base)), Signal(len(layer.positions) + 1)
        self.assumes(m, ~self.step | (position < layer.positions))
        ends = (window.row == layer.last_row) & (window.column == layer.last_column)
        with m.If(self.begin):
            m.d.sync += [image.eq(0), position.eq(0)]
        with m.Elif(self.step):
            m.d.sync += [image.eq(image + ends), position.eq(position + 1)]
        self.holds(m, "window_is_one_of_its_image", ~known | self.is_window(window, image))
        there = known & (position < layer.positions)
        self.holds(m, "image_is_there", ~there | (image < self.images))
        self.reaches(m, "the_last_of_some_positions", there & (position == layer.positions - 1) & (position != 0))


class WindowAddressProperties(WalkProperties):
    """A place and a window as the walks have them give the operand's own address, or are outside of the image."""

    def __init__(
        self, *, parameters: AcceleratorParameters, layers: Sequence[LayerShape], component: WindowAddress | None = None
    ) -> None:
        images = {"image": range(1 + max(shape.images for shape in layers))}
        where = component or WindowAddress(parameters=parameters)
        super().__init__(parameters=parameters, layers=layers, component=where, free=images)

    def state(self, m: Module) -> None:
        self.assume_layer(m)
        layer, window, place = self.layer, self.window, self.place
        self.assumes(m, self.is_place(place) & self.is_window(window, self.image) & (self.image < self.images))
        row, column = (getattr(window, name) + getattr(place, name) - layer.padding for name in ("row", "column"))
        within = (row >= 0) & (row < layer.height) & (column >= 0) & (column < layer.width)
        self.holds(m, "inside_where_the_image_is", self.inside == within)
        operand = ((self.image * layer.channels + place.channel) * layer.height + row) * layer.width + column
        self.holds(m, "address_of_its_operand", ~self.inside | (self.address == operand))
        stored = self.of(self.number, [shape.images * shape.image_words for shape in self.layers])
        self.holds(m, "address_within_the_layer", ~self.inside | (self.address < stored))
        self.reaches(m, "the_last_operand", self.inside & (self.address == stored - 1) & (self.address != 0))
        self.reaches(m, "the_padding", ~self.inside)
