"""Sizes: exact descriptions, kept and replaced equipment, cost quantities."""

import pytest

from sim.models import combine_sizes, needs_kept_sizes, quantities, read_sizes, sizing_designs
from sim.models.idd import read_idf
from sim.models.sizes import set_sizes

EIO = """
 Component Sizing Information, Chiller:Electric:EIR, CH, Design Size Reference Capacity [W], 500000.0
 Component Sizing Information, Chiller:Electric:EIR, CH, Initial Design Size Reference Capacity [W], 1.0
 Component Sizing Information, Boiler:HotWater, BO, Design Size Nominal Capacity [W], 300000.0
 Component Sizing Information, Boiler:HotWater, BO, User-Specified Nominal Capacity [W], 7.0
 Component Sizing Information, Pump:ConstantSpeed, P, Design Power Consumption [W], 9000.0
 Component Sizing Information, Pump:ConstantSpeed, P, Design Flow Rate [m3/s], 0.024
 Component Sizing Information, CoolingTower:SingleSpeed, TW, Design Air Flow Rate [m3/s], 18.9
 Component Sizing Information, CoolingTower:SingleSpeed, TW, Fan Power at Design Air Flow Rate [W], 7162.0
 Component Sizing Information, PlantLoop, HW, Sizing Option, NonCoincident
 Zone Sizing Information, ignored, CH, Design Size Reference Capacity [W], 3.0
"""


def test_reads_what_is_a_size():
    sizes = read_sizes(EIO)
    assert sizes["CHILLER:ELECTRIC:EIR|CH|Design Size Reference Capacity"] == 500000.0
    assert len(sizes) == 6


def test_descriptions_are_compared_whole():
    idf = read_idf("CoolingTower:SingleSpeed,Tw,in,out,autosize,autosize,autosize,autosize;\n")
    written, _ = set_sizes(idf, read_sizes(EIO))
    tower = idf.idfobjects["COOLINGTOWER:SINGLESPEED"][0]
    assert (tower.Design_Air_Flow_Rate, tower.Design_Fan_Power) == (18.9, 7162.0)
    assert written == 2


def test_a_drive_keeps_the_pump():
    idf = read_idf("Pump:VariableSpeed,p,in,out,autosize,300000,autosize,0.9;\n")
    set_sizes(idf, read_sizes(EIO))
    pump = idf.idfobjects["PUMP:VARIABLESPEED"][0]
    assert (pump.Design_Maximum_Flow_Rate, pump.Design_Power_Consumption) == (0.024, 9000.0)


def test_given_values_are_left_alone():
    idf = read_idf("Boiler:HotWater,Bo,NaturalGas,123.0;\n")
    set_sizes(idf, read_sizes(EIO))
    assert idf.idfobjects["BOILER:HOTWATER"][0].Nominal_Capacity == 123.0


def test_which_sizing_runs_a_design_needs(office):
    baseline = office()
    windows = baseline.model_copy(update={"window_u_value_w_per_m2k": 2.0, "sizing": baseline})
    chiller = windows.model_copy(update={"replaced_equipment": frozenset({"cooling_source"})})
    assert not needs_kept_sizes(baseline)
    assert needs_kept_sizes(windows)
    assert sizing_designs(baseline) == ()
    assert sizing_designs(windows) == (baseline,)
    first, second = sizing_designs(chiller)
    assert first == baseline
    assert (second.sizing, second.replaced_equipment) == (None, frozenset())


def test_replaced_equipment_takes_its_own_sizes(office):
    baseline = office()
    design = baseline.model_copy(update={"sizing": baseline, "replaced_equipment": frozenset({"cooling_source"})})
    old = read_sizes(EIO)
    new = {key: value / 2 for key, value in old.items()}
    sizes = combine_sizes(design, [old, new])
    assert sizes["CHILLER:ELECTRIC:EIR|CH|Design Size Reference Capacity"] == 250000.0
    assert sizes["BOILER:HOTWATER|BO|Design Size Nominal Capacity"] == 300000.0
    assert sizes["PUMP:CONSTANTSPEED|P|Design Power Consumption"] == 9000.0


def test_quantities_by_hand(office):
    found = quantities(office(), EIO)
    assert found["cooling_capacity"] == 500.0
    assert found["heating_capacity"] == 300.0
    assert found["pump_motor_power"] == 9.0
    assert found["tower_fan_power"] == pytest.approx(7.162)
    assert found["ventilation_flow"] == pytest.approx(850 / 15 * 30)
    assert found["conditioned_area"] == pytest.approx(0.7 * 850)
    kept = quantities(office(), EIO, {"BOILER:HOTWATER|BO|Design Size Nominal Capacity": 1e5})
    assert kept["heating_capacity"] == 100.0
