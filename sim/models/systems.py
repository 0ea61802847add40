"""Data of the source systems: `sim/data/systems.yaml` and `sim/data/curves.yaml`."""

from __future__ import annotations

from functools import cache
from typing import Literal

from pydantic import Field, RootModel

from datafile import Confidence, Frozen
from sim.models.datafile import Figure, load


class Season(Frozen):
    """A figure for cooling and one for heating (frozen)."""

    cooling: Figure
    heating: Figure


class Circuit(Frozen):
    """Design temperatures of a water circuit (frozen)."""

    supply_c: float
    difference_k: float
    source: str
    confidence: Confidence


class CondenserCircuit(Frozen):
    """Condenser-water temperatures (frozen); approach and limits hold where the setpoint follows the wet bulb."""

    supply_c: float
    approach_k: float
    low_c: float
    high_c: float
    source: str
    confidence: Confidence


class HotWater(Frozen):
    """Heating-water circuits by kind of source (frozen)."""

    boiler: Circuit
    heat_pump: Circuit


class Reset(Frozen):
    """A supply temperature that moves with outdoor air, linear between two points (frozen)."""

    at_low_c: float
    low_outdoor_c: float
    at_high_c: float
    high_outdoor_c: float
    source: str
    confidence: Confidence


class ChillerKind(Frozen):
    """Curves, limits and rating points of a kind of chiller (frozen): COP at part load over COP at full load."""

    capacity_curve: str
    eir_curve: str
    plr_curve: str
    minimum_part_load: float
    minimum_unloading: float
    part_load_cop_ratio: dict[float, float]


class ChillerRating(Frozen):
    """Rating point of water-cooled chillers (frozen)."""

    leaving_c: float
    condenser_c: float
    source: str
    confidence: Confidence


class Tower(Frozen):
    """Cooling towers (frozen)."""

    fan_power_per_heat: Figure
    design_wet_bulb_c: float
    approach_k: float
    range_k: float
    minimum_air_ratio: float


class BoilerKind(Frozen):
    """Efficiency curve of a kind of boiler (frozen); `rating_value` is the curve at the rating point."""

    curve: str
    rating_value: float
    minimum_part_load: float


class Point(Frozen):
    """A heat pump's rating point (frozen)."""

    load_c: float
    source_c: float


class HeatPump(Frozen):
    """A plant heat pump (frozen)."""

    cooling_rating: Point
    heating_rating: Point
    part_load_curve: str
    minimum_part_load: float
    cooling_margin: Figure | None = None
    source: str


class Absorption(Frozen):
    """A direct-fired chiller-heater (frozen)."""

    heating_over_cooling_capacity: Figure
    electric_per_cooling: Figure
    electric_per_heating: Figure
    minimum_part_load: float
    optimum_part_load: float
    chilled_water_low_limit_c: float


class Vrf(Frozen):
    """Limits of VRF (frozen)."""

    heating_over_cooling_capacity: Figure
    minimum_part_load: float
    lowest_outdoor_cooling_c: float
    highest_outdoor_heating_c: float


class Split(Frozen):
    """Sizes and limits of split units (frozen)."""

    unit_step_margin: Figure
    lowest_outdoor_heating_c: float
    highest_outdoor_supplementary_c: float


class Borefield(Frozen):
    """Ground and boreholes (frozen)."""

    ground_conductivity_w_per_mk: Figure
    ground_heat_capacity_j_per_m3k: Figure
    undisturbed_c: Figure
    warming_k: Figure
    borehole_length_m: Figure
    borehole_radius_m: Figure
    spacing_m: Figure
    buried_depth_m: Figure
    conditioned_area_per_borehole_m2: Figure
    flow_per_borehole_m3_per_s: Figure
    grout_conductivity_w_per_mk: Figure
    pipe_conductivity_w_per_mk: Figure
    pipe_outer_diameter_m: Figure
    pipe_thickness_m: Figure
    pipe_distance_m: Figure


class SystemData(Frozen):
    """The data file `sim/data/systems.yaml` (frozen, unknown keys refused)."""

    sizing_factor: Season
    supply_air_c: Season
    fan_total_efficiency: Figure
    area_per_terminal_m2: Figure
    chilled_water: Circuit
    condenser_water: CondenserCircuit
    hot_water: HotWater
    head_ratio: dict[Literal["condenser", "hot_water", "ground"], float]
    chilled_water_reset: Reset
    hot_water_reset: Reset
    heat_pump_water_reset: Reset
    chillers: dict[str, ChillerKind]
    chiller_rating: ChillerRating
    tower: Tower
    boilers: dict[str, BoilerKind]
    air_source_heat_pump: HeatPump
    ground_source_heat_pump: HeatPump
    absorption: Absorption
    vrf: Vrf
    split: Split
    borefield: Borefield


class CurveData(Frozen):
    """One performance curve (frozen)."""

    form: Literal["Biquadratic", "Quadratic", "Cubic"]
    coefficients: tuple[float, ...] = Field(min_length=3, max_length=6)
    x_limits: tuple[float, float]
    y_limits: tuple[float, float] | None
    source: str
    confidence: Confidence


class CurveFile(RootModel[dict[str, CurveData]]):
    """The data file `sim/data/curves.yaml`."""


@cache
def system_data() -> SystemData:
    """Return the validated data of the source systems.

    Raises
    ------
    InputError
        If the file breaks a rule.
    """
    return load("systems.yaml", SystemData)


@cache
def curve_data() -> dict[str, CurveData]:
    """Return the validated curves by name.

    Raises
    ------
    InputError
        If the file breaks a rule.
    """
    return load("curves.yaml", CurveFile).root
