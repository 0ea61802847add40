"""High-efficiency chilled-water plant: variable-speed chiller, variable flow, tower and supply temperature resets.

The same equipment as `chiller_boiler` with a plant control that the design cannot switch off: the condenser water
always follows the wet bulb. Chiller, pumps, tower and boiler are what the design says.
"""

from __future__ import annotations

from buildings.design import Design
from sim.models.frame import Frame
from sim.models.hvac import chiller_boiler
from sim.models.idd import OfficeIDF


def _controlled(frame: Frame) -> Frame:
    design: Design = frame.design.model_copy(update={"tower_variable_speed": True, "variable_flow": True})
    return Frame(design, frame.plan, frame.zones)


def add_templates(idf: OfficeIDF, frame: Frame) -> None:
    """Add the templates of the system."""
    chiller_boiler.add_templates(idf, _controlled(frame))


def finish(idf: OfficeIDF, frame: Frame) -> None:
    """Replace what the templates cannot say."""
    chiller_boiler.finish(idf, _controlled(frame))
