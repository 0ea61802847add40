"""Water-cooled chiller with cooling tower, gas boiler, four-pipe fan coils."""

from __future__ import annotations

from sim.models.frame import Frame
from sim.models.hvac import tower, water
from sim.models.idd import OfficeIDF
from sim.models.systems import system_data


def add_templates(idf: OfficeIDF, frame: Frame) -> None:
    """Add the templates of the system."""
    design, data = frame.design, system_data()
    water.add_rooms(idf, frame)
    water.add_chilled_water(idf, design, wet_bulb_control=design.tower_variable_speed)
    water.add_chiller(idf, design)
    water.add_tower(idf)
    water.add_hot_water(idf, design, data.hot_water.boiler,
                        data.hot_water_reset if design.supply_temperature_reset else None)
    water.add_boiler(idf, design)


def finish(idf: OfficeIDF, frame: Frame) -> None:
    """Replace what the templates cannot say."""
    design = frame.design
    water.rate_chiller(idf, design)
    water.rate_boiler(idf, design)
    tower.rate(idf)
    tower.control_condenser_water(idf, design)
    if design.tower_variable_speed:
        tower.make_variable_speed(idf)
