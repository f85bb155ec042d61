"""Power by a version of OpenSTA that reads SAIF."""

import re
from dataclasses import replace

from flow.libraries import Library
from flow.power.account import Account
from flow.power.conditions import Mapped, setup
from flow.timing.opensta import run_sta

_ASK = 'puts "KNOWN [llength [info commands read_saif]]"\nputs DONE\n'
_REPORT = "read_saif -scope {top} activity.saif\nreport_activity_annotation\nreport_power -digits 9"
_NUMBER = r"([-+\d.eE]+)"
_TOTAL = re.compile(rf"^Total\s+{_NUMBER}\s+{_NUMBER}\s+{_NUMBER}\s", re.M)
_TAKEN = re.compile(r"^saif\s+(\d+)", re.M)


def reads_saif(library: Library) -> bool:
    """Whether the OpenSTA on the PATH has the command.

    :raises ToolMissing: there is none.
    """
    return "KNOWN 1" in run_sta({"run.tcl": _ASK}, replace(library, paths=()))


def annotated_power(mapped: Mapped, library: Library, saif: str, pins: int, cycles: int) -> Account:
    """Energy of ``cycles`` cycles in which the ``pins`` pins of ``saif`` do what it says.

    :raises RuntimeError: OpenSTA fails, or does not take the activity of all pins.
    """
    files = setup(mapped, library, _REPORT.format(top=mapped.rtl.name))
    output = run_sta({**files, "activity.saif": saif}, library)
    taken, total = _TAKEN.search(output), _TOTAL.search(output)
    if taken is None or int(taken[1]) != pins:
        raise RuntimeError(f"OpenSTA takes the activity of {taken[1] if taken else 0} of {pins} pins")
    if total is None:
        raise RuntimeError("OpenSTA reports no total power")
    internal, switching, leakage = (float(watts) for watts in total.groups())
    femtojoules = cycles * mapped.period_ps * 1e3  # of one watt
    return Account(internal_fj=internal * femtojoules, switching_fj=switching * femtojoules, leakage_nw=leakage * 1e9)
