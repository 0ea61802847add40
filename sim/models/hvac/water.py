"""Water circuits, chillers, towers and boilers that several source systems share."""

from __future__ import annotations

from buildings.design import Design
from sim.models.frame import Frame
from sim.models.hvac.curves import add_curve, evaluate
from sim.models.hvac.terminals import add_fan_coils, add_thermostat
from sim.models.idd import OfficeIDF, add, one
from sim.models.systems import Circuit, Reset, system_data
from vocabulary import GAS_LHV_OVER_HHV

CHILLER, TOWER, BOILER = "Ch", "Tw", "Bo"
CHILLED, HOT = "CHW", "HW"
CHILLER_TEMPLATES = {"screw": "ElectricScrewChiller", "centrifugal": "ElectricCentrifugalChiller",
                     "variable_speed": "ElectricCentrifugalChiller"}


def _reset_fields(prefix: str, reset: Reset) -> dict[str, object]:
    return {
        f"{prefix}_Water_Setpoint_Reset_Type": "OutdoorAirTemperatureReset",
        f"{prefix}_Water_Setpoint_at_Outdoor_DryBulb_Low": reset.at_low_c,
        f"{prefix}_Water_Reset_Outdoor_DryBulb_Low": reset.low_outdoor_c,
        f"{prefix}_Water_Setpoint_at_Outdoor_DryBulb_High": reset.at_high_c,
        f"{prefix}_Water_Reset_Outdoor_DryBulb_High": reset.high_outdoor_c,
    }


def add_chilled_water(idf: OfficeIDF, design: Design, *, wet_bulb_control: bool = False) -> None:
    """Add the chilled-water loop with its condenser loop.

    Parameters
    ----------
    idf : OfficeIDF
        The model.
    design : Design
        Uses pump head, variable flow and supply temperature reset.
    wet_bulb_control : bool
        The condenser-water setpoint follows the outdoor wet bulb, else it is constant.
    """
    data = system_data()
    head = design.pump_head_kpa * 1000
    reset = _reset_fields("Chilled", data.chilled_water_reset) if design.supply_temperature_reset else {}
    add(idf, "HVACTemplate:Plant:ChilledWaterLoop", Name=CHILLED, Pump_Control_Type="Intermittent",
        Chilled_Water_Design_Setpoint=data.chilled_water.supply_c,
        Chilled_Water_Pump_Configuration=(
            "VariablePrimaryNoSecondary" if design.variable_flow else "ConstantPrimaryNoSecondary"),
        Primary_Chilled_Water_Pump_Rated_Head=head, Secondary_Chilled_Water_Pump_Rated_Head=0.0,
        Condenser_Water_Temperature_Control_Type=(
            "OutdoorWetBulbTemperature" if wet_bulb_control else "SpecifiedSetpoint"),
        Condenser_Water_Design_Setpoint=data.condenser_water.supply_c,
        Condenser_Water_Pump_Rated_Head=head * data.head_ratio["condenser"],
        Loop_Design_Delta_Temperature=data.chilled_water.difference_k, **reset)


def add_hot_water(idf: OfficeIDF, design: Design, circuit: Circuit, reset: Reset | None = None) -> None:
    """Add the heating-water loop."""
    add(idf, "HVACTemplate:Plant:HotWaterLoop", Name=HOT, Pump_Control_Type="Intermittent",
        Hot_Water_Design_Setpoint=circuit.supply_c,
        Hot_Water_Pump_Configuration="VariableFlow" if design.variable_flow else "ConstantFlow",
        Hot_Water_Pump_Rated_Head=design.pump_head_kpa * 1000 * system_data().head_ratio["hot_water"],
        Loop_Design_Delta_Temperature=circuit.difference_k, **(_reset_fields("Hot", reset) if reset else {}))


def add_rooms(idf: OfficeIDF, frame: Frame) -> None:
    """Add thermostat and fan coils."""
    add_thermostat(idf)
    add_fan_coils(idf, frame)


def add_chiller(idf: OfficeIDF, design: Design, condenser: str = "WaterCooled") -> None:
    """Add a chiller template; `rate_chiller` gives it its curves after the expansion."""
    kind = system_data().chillers[design.chiller_type]
    add(idf, "HVACTemplate:Plant:Chiller", Name=CHILLER, Chiller_Type=CHILLER_TEMPLATES[design.chiller_type],
        Nominal_COP=design.cooling_cop, Condenser_Type=condenser, Minimum_Part_Load_Ratio=kind.minimum_part_load,
        Minimum_Unloading_Ratio=kind.minimum_unloading, Priority=1)


def add_tower(idf: OfficeIDF) -> None:
    """Add a single-speed cooling tower template."""
    add(idf, "HVACTemplate:Plant:Tower", Name=TOWER, Tower_Type="SingleSpeed", Priority=1)


def add_boiler(idf: OfficeIDF, design: Design) -> None:
    """Add a boiler template with the engine's efficiency (higher heating value)."""
    condensing = design.boiler_type == "condensing"
    add(idf, "HVACTemplate:Plant:Boiler", Name=BOILER, Fuel_Type="NaturalGas", Priority=1,
        Boiler_Type="CondensingHotWaterBoiler" if condensing else "HotWaterBoiler",
        Efficiency=boiler_nominal_efficiency(design))


def boiler_nominal_efficiency(design: Design) -> float:
    """Return what the engine takes as nominal efficiency: on the higher heating value, at curve value 1.

    Nominal = 0.901 x efficiency (LHV) / curve at the rating point.

    Examples
    --------
    A standard boiler of 0.92 (LHV) has 0.829; a condensing one of 1.0 at 50 C return has 0.871.
    """
    kind = system_data().boilers[design.boiler_type]
    return GAS_LHV_OVER_HHV * design.boiler_efficiency / kind.rating_value


def rate_chiller(idf: OfficeIDF, design: Design) -> None:
    """Give the expanded chiller its kind's curves, scaled to 1 at the rating point, and the rated COP."""
    data = system_data()
    kind, rating = data.chillers[design.chiller_type], data.chiller_rating
    chiller = one(idf, "Chiller:Electric:EIR")
    at = (rating.leaving_c, rating.condenser_c)
    chiller.Reference_COP = design.cooling_cop
    chiller.Reference_Leaving_Chilled_Water_Temperature = rating.leaving_c
    chiller.Reference_Entering_Condenser_Fluid_Temperature = rating.condenser_c
    chiller.Cooling_Capacity_Function_of_Temperature_Curve_Name = add_curve(
        idf, kind.capacity_curve, evaluate(kind.capacity_curve, *at))
    chiller.Electric_Input_to_Cooling_Output_Ratio_Function_of_Temperature_Curve_Name = add_curve(
        idf, kind.eir_curve, evaluate(kind.eir_curve, *at))
    chiller.Electric_Input_to_Cooling_Output_Ratio_Function_of_Part_Load_Ratio_Curve_Name = add_curve(
        idf, kind.plr_curve, evaluate(kind.plr_curve, 1.0))
    chiller.Chiller_Flow_Mode = "LeavingSetpointModulated" if design.variable_flow else "ConstantFlow"


def rate_boiler(idf: OfficeIDF, design: Design) -> None:
    """Give the expanded boiler its kind's efficiency curve."""
    kind = system_data().boilers[design.boiler_type]
    boiler = one(idf, "Boiler:HotWater")
    boiler.Normalized_Boiler_Efficiency_Curve_Name = add_curve(idf, kind.curve)
    if design.boiler_type == "condensing":
        boiler.Efficiency_Curve_Temperature_Evaluation_Variable = "EnteringBoiler"
