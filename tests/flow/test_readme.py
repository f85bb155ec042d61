"""The README's table is the generated one."""

import pytest

from flow.readme import BEGIN, END, README, table
from gen.catalog import DESIGNS


@pytest.mark.slow  # prices every design: minutes without a cache
def test_table_is_what_make_readme_writes() -> None:
    text = README.read_text(encoding="utf-8")
    assert text.split(BEGIN)[1].split(END)[0].strip() == table()


def test_every_design_has_a_row() -> None:
    text = README.read_text(encoding="utf-8")
    for design in DESIGNS:
        assert f"| `{design.name}` | {design.summary} |" in text
