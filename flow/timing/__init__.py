"""Sign-off timing of mapped netlists."""

from flow.timing.comparison import Comparison, compare
from flow.timing.constraints import sdc
from flow.timing.opensta import sta_version
from flow.timing.report import timing_lines
from flow.timing.results import SignOff, TimedPath
from flow.timing.sign_off import sign_off

__all__ = ["Comparison", "SignOff", "TimedPath", "compare", "sdc", "sign_off", "sta_version", "timing_lines"]
