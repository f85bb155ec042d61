"""Digital control and arithmetic of bit-sliced analog crossbars, and digital stand-ins of their analog parts."""

from hdl.crossbar.analog_accumulator import AnalogAccumulator
from hdl.crossbar.array_cycle import ArrayCycle
from hdl.crossbar.bitline_array import BitlineArray
from hdl.crossbar.buffer_array import BufferArray
from hdl.crossbar.cascade_controller import CascadeController
from hdl.crossbar.cascade_parameters import CascadeParameters
from hdl.crossbar.cascade_surroundings import CascadeSurroundings
from hdl.crossbar.cascade_tile import CascadeTile
from hdl.crossbar.column_lane import ColumnLane
from hdl.crossbar.comparators import Comparators
from hdl.crossbar.converter import RangeCode, RangeConverter, SaturatingConverter
from hdl.crossbar.converter_group import ConverterGroup
from hdl.crossbar.cross_array_adder import CrossArrayAdder
from hdl.crossbar.input_slicer import InputSlicer
from hdl.crossbar.isaac_controller import IsaacController
from hdl.crossbar.isaac_parameters import IsaacParameters
from hdl.crossbar.isaac_readout import IsaacReadout
from hdl.crossbar.isaac_surroundings import IsaacSurroundings
from hdl.crossbar.isaac_tile import IsaacTile
from hdl.crossbar.line_scan import LineScan
from hdl.crossbar.neural_converter import NeuralConverter
from hdl.crossbar.neural_pim_controller import NeuralPimController
from hdl.crossbar.neural_pim_parameters import NeuralPimParameters
from hdl.crossbar.neural_pim_surroundings import NeuralPimSurroundings
from hdl.crossbar.neural_pim_tile import NeuralPimTile
from hdl.crossbar.neural_shift_add import NeuralShiftAdd
from hdl.crossbar.sample_hold import SampleHold
from hdl.crossbar.scan_mux import ScanMux
from hdl.crossbar.tile import CrossbarTile, crossbar_tile

__all__ = [
    "AnalogAccumulator",
    "ArrayCycle",
    "BitlineArray",
    "BufferArray",
    "CascadeController",
    "CascadeParameters",
    "CascadeSurroundings",
    "CascadeTile",
    "ColumnLane",
    "Comparators",
    "ConverterGroup",
    "CrossArrayAdder",
    "CrossbarTile",
    "InputSlicer",
    "IsaacController",
    "IsaacParameters",
    "IsaacReadout",
    "IsaacSurroundings",
    "IsaacTile",
    "LineScan",
    "NeuralConverter",
    "NeuralPimController",
    "NeuralPimParameters",
    "NeuralPimSurroundings",
    "NeuralPimTile",
    "NeuralShiftAdd",
    "RangeCode",
    "RangeConverter",
    "SampleHold",
    "SaturatingConverter",
    "ScanMux",
    "crossbar_tile",
]
