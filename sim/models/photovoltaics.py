"""Rooftop photovoltaics of the proof runs: PVWatts, metered beside the building's use, never inside it."""

from __future__ import annotations

from datafile import Confidence, Frozen
from sim.models.datafile import load
from sim.models.idd import OfficeIDF, add

WATTS_PER_KW = 1000.0


class PhotovoltaicData(Frozen):
    """The data file `sim/data/photovoltaics.yaml` (frozen, unknown keys refused)."""

    tilt_deg: float
    azimuth_deg: float
    system_loss_fraction: float
    dc_to_ac_ratio: float
    inverter_efficiency: float
    module_type: str
    array_type: str
    ground_coverage_ratio: float
    source: str
    confidence: Confidence


def add_photovoltaics(idf: OfficeIDF, capacity_kw: float) -> None:
    """Add a rooftop array with its inverter.

    Parameters
    ----------
    idf : OfficeIDF
        The model.
    capacity_kw : float
        Direct-current size at standard test conditions, kW.

    Examples
    --------
    100 kW in Shanghai give about 100 000 kWh a year on the meter `ElectricityProduced:Facility`.
    """
    data = load("photovoltaics.yaml", PhotovoltaicData)
    add(idf, "Generator:PVWatts", Name="roof PV", PVWatts_Version=5, DC_System_Capacity=capacity_kw * WATTS_PER_KW,
        Module_Type=data.module_type, Array_Type=data.array_type, System_Losses=data.system_loss_fraction,
        Tilt_Angle=data.tilt_deg, Azimuth_Angle=data.azimuth_deg, Ground_Coverage_Ratio=data.ground_coverage_ratio)
    add(idf, "ElectricLoadCenter:Inverter:PVWatts", Name="roof inverter", DC_to_AC_Size_Ratio=data.dc_to_ac_ratio,
        Inverter_Efficiency=data.inverter_efficiency)
    add(idf, "ElectricLoadCenter:Generators", Name="roof generators", Generator_Name_1="roof PV",
        Generator_Object_Type_1="Generator:PVWatts",
        Generator_Rated_Electric_Power_Output_1=capacity_kw * WATTS_PER_KW)
    add(idf, "ElectricLoadCenter:Distribution", Name="roof distribution", Generator_List_Name="roof generators",
        Generator_Operation_Scheme_Type="Baseload", Electrical_Buss_Type="DirectCurrentWithInverter",
        Inverter_Name="roof inverter")
