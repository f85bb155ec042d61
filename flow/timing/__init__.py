"""Sign-off timing of mapped netlists."""

from flow.timing.sign_off import SignOff, sign_off, sta_version

__all__ = ["SignOff", "sign_off", "sta_version"]
