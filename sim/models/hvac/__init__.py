"""The source systems, one file each: templates before the expansion, edits after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sim.models.frame import Frame
from sim.models.hvac import (
    absorption,
    air_source_heat_pump,
    chiller_boiler,
    ground_source_heat_pump,
    high_efficiency_plant,
    split,
    vrf,
)
from sim.models.idd import OfficeIDF

Step = Callable[[OfficeIDF, Frame], None]


@dataclass(frozen=True)
class System:
    """A source system: what is added before the templates are expanded, and what is edited afterwards."""

    add_templates: Step
    finish: Step


SYSTEMS: dict[str, System] = {
    module.__name__.rsplit(".", 1)[-1]: System(module.add_templates, module.finish)
    for module in (
        chiller_boiler, absorption, vrf, split, air_source_heat_pump, high_efficiency_plant, ground_source_heat_pump,
    )
}
"""By the registry's `source_system`."""
