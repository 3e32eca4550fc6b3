"""Hooks in place, out of place, and the proof that they run. Public: what is named here."""

from contox_hooks.capture.install.apply import Installed, Uninstalled, install, uninstall
from contox_hooks.capture.install.hook import HOOKS
from contox_hooks.capture.install.place import Layout
from contox_hooks.capture.install.probe import ProbeResult, probe
from contox_hooks.capture.install.wiring import HookState, HookWiring, Problem, Wiring, wiring

__all__ = [
    "HOOKS",
    "HookState",
    "HookWiring",
    "Installed",
    "Layout",
    "ProbeResult",
    "Problem",
    "Uninstalled",
    "Wiring",
    "install",
    "probe",
    "uninstall",
    "wiring",
]
