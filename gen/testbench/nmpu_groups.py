"""What the benches of NMPU unit and array share: parameter words and the inputs of a start."""

from typing import Any

from cocotb.triggers import RisingEdge


async def write_words(dut: Any, address: str, words: list[int]) -> None:
    """Write one parameter word a cycle, to addresses 0, 1, ... of the port called ``address``."""
    for index, word in enumerate(words):
        dut.cfg_write.value = 1
        getattr(dut, address).value = index
        dut.cfg_data.value = word
        await RisingEdge(dut.clk)
    dut.cfg_write.value = 0


def drive_start(dut: Any, group: dict[str, Any], tile: int) -> None:
    """Set the inputs of the cycle that starts one tile of ``group``."""
    dut.start.value, dut.shift.value, dut.relu.value = 1, group["shift"], group["relu"]
    for name in ("count_p", "count_n"):
        if name in group:
            getattr(dut, name).value = int(group[name][tile], 16)
    if hasattr(dut, "accumulate_first"):
        dut.accumulate_first.value = int(tile == 0)
        dut.accumulate_last.value = int(tile == len(group["count_p"]) - 1)
