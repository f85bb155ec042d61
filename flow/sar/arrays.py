"""A layer of the digits network on crossbar arrays: cells, bit-line counts and what adds them up again.

The rows of a layer are cut into tiles of at most `ArrayParameters.rows`, each an array of its own. Activations enter
one bit at a time. They are 0..127, so there are seven such bits; an eighth would be zero always, and its conversions
would only make any saving look larger. For the same reason there are no cells for bits that a weight cannot have.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flow.digits.network import ACTIVATION_MAXIMUM, Layer
from sim_models.arith.checking import require_instance, require_integer

INPUT_BITS = ACTIVATION_MAXIMUM.bit_length()
ENCODINGS = ("differential", "offset")
OFFSET = 128

Integers = NDArray[np.int64]
Activations = NDArray[np.int8]


@dataclass(frozen=True, kw_only=True)
class ArrayParameters:
    """How weights of -127..127 lie on the arrays.

    ``encoding``: ``differential`` has a column for the positive weights and one for the negative, both of magnitudes,
    7 bits; ``offset`` has one column of weight + 128, 8 bits, and the sum of the inputs times 128 is taken off
    digitally. A cell holds ``cell_bits`` bits of a weight. With ``complement_columns`` a column whose cells sum to more
    than half of what they could holds 2^cell_bits - 1 minus each, and its counts are taken from the sum of the input
    bits; no count is then above half of the largest sum. ``rows``: of an array.

    Raises ValueError, naming the field, for ``cell_bits`` other than 1 and 2, another ``encoding``, and ``rows``
    outside 1..4096.
    """

    cell_bits: int = 1
    encoding: str = "differential"
    complement_columns: bool = False
    rows: int = 128

    def __post_init__(self) -> None:
        require_integer("cell_bits", self.cell_bits, 1, 2)
        require_integer("rows", self.rows, 1, 4096)
        require_instance("complement_columns", self.complement_columns, bool)
        if self.encoding not in ENCODINGS:
            raise ValueError(f"encoding must be one of {', '.join(ENCODINGS)}, not {self.encoding!r}")

    @property
    def weight_bits(self) -> int:
        """Bits of a stored weight."""
        return 7 if self.encoding == "differential" else 8

    @property
    def slices(self) -> int:
        """Cells of a weight."""
        return -(-self.weight_bits // self.cell_bits)


@dataclass(frozen=True, kw_only=True, eq=False)
class LayerArrays:
    """One layer's cells (tiles, columns, slices, rows), 0 where a tile has fewer rows than the first.

    With differential weights the columns of the positive ones come first. ``complemented`` (tiles, columns, slices):
    bit lines whose cells are stored complemented.
    """

    layer: Layer
    parameters: ArrayParameters
    cells: NDArray[np.uint8]
    complemented: NDArray[np.bool_]

    @property
    def name(self) -> str:
        """Name of the layer."""
        return self.layer.geometry.name

    @property
    def conversions(self) -> int:
        """Conversions per vector of activations."""
        return INPUT_BITS * self.complemented.size

    @property
    def largest_count(self) -> int:
        """The largest count that any inputs can give on any bit line."""
        return int(self.cells.sum(axis=-1, dtype=np.int64).max())

    @property
    def places(self) -> Integers:
        """What a count of input bit 0 adds to its column's sum: (tiles, columns, slices)."""
        weights = 1 << self.parameters.cell_bits * np.arange(self.parameters.slices)
        return np.where(self.complemented, -weights, weights)

    @property
    def input_factors(self) -> Integers:
        """What the sum of a tile's activations adds to a column, for its complemented bit lines: (tiles, columns)."""
        full = (1 << self.parameters.cell_bits) - 1
        return -full * np.where(self.complemented, self.places, 0).sum(axis=-1)

    def tiled(self, inputs: Activations) -> Activations:
        """``inputs`` (vectors, rows of the layer) cut into tiles and padded with zeros: (vectors, tiles, rows)."""
        tiles, rows = self.cells.shape[0], self.cells.shape[-1]
        return np.pad(inputs, ((0, 0), (0, tiles * rows - inputs.shape[1]))).reshape(-1, tiles, rows)


def map_layer(layer: Layer, parameters: ArrayParameters) -> LayerArrays:
    """Cells of a layer."""
    p = parameters
    weights = layer.weights.astype(np.int64)
    stored = np.concatenate((np.maximum(weights, 0), np.maximum(-weights, 0)), axis=1)
    if p.encoding == "offset":
        stored = weights + OFFSET
    used = min(p.rows, len(stored))
    tiles = -(-len(stored) // used)
    present = np.pad(np.ones(len(stored), np.int64), (0, tiles * used - len(stored))).reshape(tiles, 1, 1, used)
    tiled = np.pad(stored, ((0, tiles * used - len(stored)), (0, 0))).reshape(tiles, used, -1).transpose(0, 2, 1)
    full = (1 << p.cell_bits) - 1
    cells = tiled[:, :, np.newaxis] >> p.cell_bits * np.arange(p.slices)[:, np.newaxis] & full
    heavy = 2 * cells.sum(axis=-1) > full * present.sum(axis=-1)
    complemented = heavy & p.complement_columns
    cells = np.where(complemented[..., np.newaxis], (full - cells) * present, cells)
    return LayerArrays(layer=layer, parameters=p, cells=cells.astype(np.uint8), complemented=complemented)


def layer_counts(arrays: LayerArrays, inputs: Activations) -> NDArray[np.uint8] | NDArray[np.uint16]:
    """What each bit line counts, before any converter: (vectors, input bits, tiles, columns, slices).

    ``inputs`` (vectors, rows of the layer) are activations of 0..127. The products are float32 BLAS, which is exact: a
    count is a sum of integers and at most 4096 rows * 3 < 2^24.

    Raises ValueError for activations below 0 and for another number of rows.
    """
    check_inputs(arrays, inputs)
    tiles, columns, slices, rows = arrays.cells.shape
    kind = np.uint8 if arrays.largest_count < 256 else np.uint16
    counts = np.empty((len(inputs), INPUT_BITS, tiles, columns, slices), kind)
    tiled = arrays.tiled(inputs)
    cells = arrays.cells.reshape(tiles, columns * slices, rows).astype(np.float32)
    for bit in range(INPUT_BITS):
        plane = (tiled >> bit & 1).astype(np.float32)
        for tile in range(tiles):
            counts[:, bit, tile] = (plane[:, tile] @ cells[tile].T).reshape(-1, columns, slices)
    return counts


def add_up(arrays: LayerArrays, inputs: Activations, values: NDArray[np.integer]) -> tuple[Integers, Integers]:
    """Shift and add what converters made of `layer_counts` to the sums of the positive and the negative branch.

    Both are (vectors, columns of the layer); of offset weights the second is the share of the offset. With values that
    are the counts the difference is the product of ``inputs`` and the weights, exactly.
    """
    weights = 1 << np.arange(INPUT_BITS)
    sums = np.einsum("vitcs,i,tcs->vc", values.astype(np.int64), weights, arrays.places)
    return branches(arrays, inputs, sums)


def branches(arrays: LayerArrays, inputs: Activations, sums: Integers) -> tuple[Integers, Integers]:
    """Branch sums of the layer from the ``sums`` of its columns as stored, (vectors, columns)."""
    tile_sums = arrays.tiled(inputs).sum(axis=-1, dtype=np.int64)
    stored = sums + tile_sums @ arrays.input_factors
    if arrays.parameters.encoding == "offset":
        return stored, np.broadcast_to(OFFSET * tile_sums.sum(axis=1, keepdims=True), stored.shape)
    columns = arrays.layer.geometry.columns
    return stored[:, :columns], stored[:, columns:]


def check_inputs(arrays: LayerArrays, inputs: Activations) -> None:
    """Raise ValueError unless ``inputs`` are activations of the layer."""
    rows = len(arrays.layer.weights)
    if inputs.ndim != 2 or inputs.shape[1] != rows:
        raise ValueError(f"inputs of {arrays.name} must have the shape (vectors, {rows}), not {inputs.shape}")
    if inputs.dtype != np.int8 or (inputs.size and inputs.min() < 0):
        raise ValueError(f"inputs of {arrays.name} must be int8 of 0..{ACTIVATION_MAXIMUM}")
