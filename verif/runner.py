"""Run a cocotb test module on a design, in Verilator or Icarus Verilog."""

import logging
import random
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.etree import ElementTree

import cocotb_tools.config
from cocotb_tools.runner import get_runner

from gen.cache import cache_folder, content_key, publish
from gen.rtl import Rtl
from gen.tools import find_tool
from verif.build import Toolchain, compile_model, find_compiler, link, platform_key
from verif.verilator import find_verilator, verilate

SIMULATORS = ("verilator", "icarus")
_LIBRARY = ("verilated.cpp", "verilated_threads.cpp", "verilated_vpi.cpp", "verilated_dpi.cpp")
# Only the top's signals are visible to the bench: making all of them so would triple the code.
_OPTIONS = ("--vpi", "--public-depth", "1")
