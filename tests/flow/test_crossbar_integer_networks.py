"""What integers and tables cost trained networks, as the report tells it."""

import pytest

from flow.crossbar.integer_networks import SHOWN, integer_lines, integer_networks


def test_tables_cost_what_the_report_says() -> None:
    found = integer_networks()
    assert [(it.name, it.dac_bits) for it in found] == list(SHOWN)
    by_name = {(it.name, it.dac_bits): it for it in found}
    assert by_name["plain", 1].integer_db == pytest.approx(24.3, abs=0.1)
    assert all(43 < by_name[each].integer_db < 46 < 49 < by_name[each].real_db for each in SHOWN[2:])
    assert by_name["linear64", 1].cycles == 19 * 64
    text = "\n".join(integer_lines(found))
    assert "linear128, 4-bit DAC" in text
    assert f"{by_name['linear128', 4].integer_db:.1f}" in text
