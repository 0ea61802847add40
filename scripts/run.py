"""Command `run`: the whole chain; what is current is not made again."""

from __future__ import annotations

from scripts import calibrate, fit, optimise, report, simulate, validate, verify
from scripts.context import Context


def stage(context: Context) -> None:
    """Simulate, fit, validate, calibrate, optimise, verify, report."""
    simulate.stage(context)
    if context.predicted_packages:  # else every building is simulated directly
        fit.surrogate(context)
    if not context.workspace.is_current(validate.FILE, validate.made_from(context)):
        validate.stage(context)
    if optimise.is_current(context, verified=True):
        context.say("The verified portfolio of these inputs is there already.")
        verify.conclude(context, verify.verified(context)[0])
    else:
        calibrate.calibration(context)
        optimise.stage(context)
        verify.stage(context)
    report.stage(context)
