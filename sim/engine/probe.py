"""Run keys of designs without running them: two sources that give the same keys say the same of a building."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sim.engine.store import digest

if TYPE_CHECKING:
    from buildings.design import Design
    from sim.models import ModelSettings, Site


def run_keys(designs: Sequence[Design], site: Site, settings: ModelSettings) -> list[str]:
    """Return a key for the model of each design: digest of the expanded text and of what its outputs mean.

    Parameters
    ----------
    designs : sequence of Design
        Designs that keep no sizes of another design.
    site : Site
        Place, design days, ground, calendar.
    settings : ModelSettings
        What models are made with.

    Raises
    ------
    InputError
        If a model cannot be written.

    Examples
    --------
    The same design has the same key until a model, its data or its outputs change.
    """
    from sim import models
    from sim.models.outputs import OUTPUTS

    return [digest("probe", models.build_idf(design, site, settings, None), repr(OUTPUTS)) for design in designs]
