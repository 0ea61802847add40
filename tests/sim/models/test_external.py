"""Foreign models: refusals of untrusted content, and measures on the office models inside the engine's wheel."""

import json
from pathlib import Path

import pytest
from pyenergyplus.dataset import modeldir

from sim.models import default_settings
from sim.models.external import build_external_idf, place_model, read_external
from sim.models.external_measures import apply_measures, changed_fields
from sim.models.external_programs import scale_lamp_programs
from sim.models.idd import idf_text, one, read_idf
from sim.models.outputs import add_outputs
from vocabulary import InputError

QUICK = ("RefBldgSmallOfficeNew2004_Chicago", "ASHRAE901_OfficeSmall_STD2019_Denver")
SLOW = ("RefBldgMediumOfficeNew2004_Chicago", "RefBldgLargeOfficeNew2004_Chicago",
        "ASHRAE901_OfficeMedium_STD2019_Denver", "ASHRAE901_OfficeLarge_STD2019_Denver")
MODELS = [
    *QUICK,
    *(pytest.param(name, marks=pytest.mark.long) for name in SLOW),
]
JULY, SHORT = (7, 7, 7, 11), (7, 7, 7, 8)
GOOD = "Version,25.2;\nZone,Hall;\n"


def model_file(name: str) -> Path:
    return Path(modeldir) / f"{name}.idf"


@pytest.mark.parametrize(("text", "word"), [
    (GOOD + "PythonPlugin:SearchPaths,x,Yes,No,No;\n", "PYTHONPLUGIN:SEARCHPATHS"),
    (GOOD + "PythonPlugin:Instance,x,No,mod,Class;\n", "PYTHONPLUGIN:INSTANCE"),
    (GOOD + "ExternalInterface,PtolemyServer;\n", "EXTERNALINTERFACE"),
    (GOOD + "ExternalInterface:FunctionalMockupUnitImport,model.fmu;\n", "FUNCTIONALMOCKUPUNITIMPORT"),
    (GOOD + "Schedule:File,s,any,data.csv,1,0;\n", "SCHEDULE:FILE"),
    (GOOD + "Schedule:File:Shading,data.csv;\n", "SCHEDULE:FILE:SHADING"),
    (GOOD + "Table:IndependentVariable,t,Linear,Constant,0,1,,Dimensionless,data.csv,1,1,0,1;\n", "External_File_Name"),
    (GOOD + "##include other.idf\n", "line 3"),
    (GOOD + "Zone,../../secret;\n", "path parts"),
    (GOOD + "Zone,/etc/passwd;\n", "path parts"),
    (GOOD + "Zone,C:\\users;\n", "path parts"),
    ("Version,24.1;\nZone,Hall;\n", "25.2"),
    ("Zone,Hall;\n", "Version"),
])
def test_untrusted_content_is_refused(tmp_path, text, word):
    path = tmp_path / "model.idf"
    path.write_text(text)
    with pytest.raises(InputError, match=word.replace("(", r"\(")):
        read_external(path)


def test_all_reasons_in_one_message(tmp_path):
    path = tmp_path / "model.idf"
    path.write_text("Version,9.2;\nPythonPlugin:Instance,x,No,mod,Class;\nZone,../up;\n")
    with pytest.raises(InputError) as refusal:
        read_external(path)
    assert len(refusal.value.faults) == 3


def test_too_large_and_missing_files(tmp_path, monkeypatch):
    with pytest.raises(InputError, match="readable"):
        read_external(tmp_path / "none.idf")
    big = tmp_path / "big.idf"
    big.write_text(GOOD + "".join(f"Zone,Hall {i};\n" for i in range(20001)))
    with pytest.raises(InputError, match="20000"):
        read_external(big)


@pytest.mark.parametrize("text", ["{", "[1, 2]", '{"Zone": 3}', '{"NoSuchObject": {"a": {}}}', "[" * 100000])
def test_broken_epjson_is_refused(tmp_path, text):
    path = tmp_path / "model.epJSON"
    path.write_text(text)
    with pytest.raises(InputError):
        read_external(path)


def test_epjson_and_idf_are_the_same_model(tmp_path):
    model = {"Version": {"v": {"version_identifier": "25.2"}},
             "Zone": {"Hall": {"multiplier": 2, "floor_area": 12.5}},
             "Schedule:Compact": {"s": {"schedule_type_limits_name": "any", "data": [
                 {"field": "Through: 12/31"}, {"field": "For: AllDays"}, {"field": "Until: 24:00"}, {"field": 1}]}}}
    path = tmp_path / "model.epJSON"
    path.write_text(json.dumps(model))
    idf = read_external(path)
    assert (one(idf, "Zone").Name, one(idf, "Zone").Multiplier, one(idf, "Zone").Floor_Area) == ("Hall", 2, 12.5)
    assert one(idf, "Schedule:Compact").Field_3 == "Until: 24:00"


def test_an_object_cannot_be_smuggled_through_epjson(tmp_path):
    path = tmp_path / "model.epJSON"
    path.write_text(json.dumps({"Version": {"v": {"version_identifier": "25.2"}},
                                "Zone": {"a; PythonPlugin:Instance": {"multiplier": 1}}}))
    with pytest.raises(InputError, match="semicolon"):
        read_external(path)


def test_measures_change_what_they_aim_at(office):
    idf = read_external(model_file(QUICK[0]))
    before = office()
    lights = [entry.Watts_per_Floor_Area for entry in idf.idfobjects["LIGHTS"]]
    burners = [entry.Burner_Efficiency for entry in idf.idfobjects["COIL:HEATING:FUEL"]]
    after = office(lighting_power_density_w_per_m2=5.0, boiler_efficiency=0.99)
    assert changed_fields(before, after) == {"lighting_power_density_w_per_m2", "boiler_efficiency"}
    apply_measures(idf, before, after)
    assert [e.Watts_per_Floor_Area for e in idf.idfobjects["LIGHTS"]] == pytest.approx([w / 2 for w in lights])
    assert [e.Burner_Efficiency for e in idf.idfobjects["COIL:HEATING:FUEL"]] == pytest.approx(
        [min(b * 1.1, 1.0) for b in burners])


def test_what_cannot_be_done_is_refused_by_name(office):
    idf = read_external(model_file(QUICK[0]))
    with pytest.raises(InputError) as refusal:
        apply_measures(idf, office(), office(pump_head_kpa=200.0, heating_cop=4.0, variable_flow=True))
    assert "variable_flow" in str(refusal.value)
    assert "heating_cop" in str(refusal.value)


def test_programs_command_the_new_lamps():
    text = (GOOD + "EnergyManagementSystem:Sensor,read,Hall,Zone Lights Electricity Rate;\n"
            "EnergyManagementSystem:Actuator,lamps,hall lights,Lights,Electricity Rate;\n"
            "EnergyManagementSystem:Program,dim,IF read > 20,SET lamps = read*0.5,ELSE,SET lamps = Null,ENDIF;\n"
            "EnergyManagementSystem:Program,other,SET x = read;\n")
    idf = read_idf(text)
    assert scale_lamp_programs(idf, 0.5) == 1
    dim, other = idf.idfobjects["ENERGYMANAGEMENTSYSTEM:PROGRAM"]
    assert dim.obj[2:7] == ["IF (read/0.500000) > 20", "SET lamps = 0.500000*((read/0.500000)*0.5)", "ELSE",
                            "SET lamps = Null", "ENDIF"]
    assert other.obj[2] == "SET x = read"


def test_a_source_swap_takes_the_plant_out_and_leaves_the_rest(office, site):
    before = office("split")
    after = office("vrf", lighting_power_density_w_per_m2=5.0, sizing=before)
    old = read_external(model_file(QUICK[0]))
    new = read_idf(build_external_idf(model_file(QUICK[0]), after, site, default_settings()))

    def count(idf, kind):
        return len(idf.idfobjects[kind.upper()])

    for gone in ("AirLoopHVAC", "Coil:Heating:Fuel", "Controller:OutdoorAir", "Sizing:System"):
        assert count(old, gone) > 0, gone
        assert count(new, gone) == 0, gone
    for kept in ("WaterHeater:Mixed", "WaterUse:Equipment", "PlantLoop", "Pump:ConstantSpeed", "People", "Zone",
                 "ThermostatSetpoint:DualSetpoint", "ZoneControl:Thermostat", "BuildingSurface:Detailed"):
        assert count(new, kept) == count(old, kept) > 0, kept
    assert count(new, "ZoneHVAC:TerminalUnit:VariableRefrigerantFlow") == 5
    air = new.idfobjects["ZONEVENTILATION:DESIGNFLOWRATE"]
    assert [(e.Flow_Rate_per_Person, e.Schedule_Name) for e in air] == [(0.01, "MinOA_Sched")] * 5
    lamps = [e.Watts_per_Floor_Area for e in old.idfobjects["LIGHTS"]]
    assert [e.Watts_per_Floor_Area for e in new.idfobjects["LIGHTS"]] == pytest.approx([w / 2 for w in lamps])


def test_what_is_in_the_way_of_a_swap_is_named(office, site, tmp_path):
    path = tmp_path / "model.idf"
    path.write_text(model_file(QUICK[0]).read_text(encoding="latin-1") + """
        Humidifier:Steam:Electric,steam,,autosize,autosize,0,0,a node,another node,;
        EnergyManagementSystem:Actuator,valve,PSZ-AC:1,AirLoopHVAC,Availability Status;
        EnergyManagementSystem:Sensor,warmth,a node,System Node Temperature;
        Schedule:Constant,always,,1;
    """)
    with pytest.raises(InputError) as refusal:
        build_external_idf(path, office("vrf", sizing=office("split")), site, default_settings())
    for word in ("steam", "Actuator valve", "Sensor warmth", "Schedule always", "vrf"):
        assert word in str(refusal.value), word


@pytest.mark.engine
@pytest.mark.parametrize("system", [
    "vrf", *(pytest.param(name, marks=pytest.mark.long) for name in ("chiller_boiler", "air_source_heat_pump"))])
def test_a_swapped_source_serves_the_rooms(office, site, run_text, system):
    before = office("split")
    base = week(QUICK[0], before, site, run_text, SHORT)
    run = week(QUICK[0], office(system, sizing=before), site, run_text, SHORT)
    for same in ("InteriorLights:Electricity", "InteriorEquipment:Electricity"):
        assert run.monthly_kwh(same) == pytest.approx(base.monthly_kwh(same), rel=1e-6)
    assert run.monthly_kwh("WaterSystems:NaturalGas") == pytest.approx(
        base.monthly_kwh("WaterSystems:NaturalGas"), rel=0.02)
    assert run.monthly_kwh("CoolingCoils:EnergyTransfer") == pytest.approx(
        base.monthly_kwh("CoolingCoils:EnergyTransfer"), rel=0.35)
    assert 1.5 < run.monthly_kwh("CoolingCoils:EnergyTransfer") / run.monthly_kwh("Cooling:Electricity") < 6
    unmet = sum(v.sum() for (name, _, _), v in run.series.items() if "not met while occupied" in name)
    assert unmet < 2


def week(name, design, site, run_text, period, **more):
    settings = default_settings(run_period=period)
    return run_text(build_external_idf(model_file(name), design, site, settings, **more), design)


MEASURES = {
    "led": {"lighting_power_density_w_per_m2": 5.0},
    "windows": {"window_u_value_w_per_m2k": 1.5, "window_shgc": 0.2},
    "setpoint": {"cooling_setpoint_c": 27.0},
    "plant": {"cooling_cop": 6.5},
}


@pytest.mark.engine
@pytest.mark.parametrize("name", MODELS)
def test_office_models_take_the_measures(office, site, run_text, name):
    """Lamps exactly in proportion, and every measure saves; on the slow models all but the lamps in one run."""
    before = office()
    assert (before.lighting_power_density_w_per_m2, before.cooling_setpoint_c, before.cooling_cop) == (10.0, 26.0, 4.6)
    period = JULY if name in QUICK else SHORT
    steps = MEASURES if name in QUICK else {"led": MEASURES["led"], "plant": {
        **MEASURES["windows"], **MEASURES["setpoint"], **MEASURES["plant"]}}
    base = week(name, before, site, run_text, period, pv_capacity_kw=10.0)
    days = period[3] - period[1] + 1
    assert 20 * days < base.total_kwh("ElectricityProduced:Facility") < 80 * days
    for step, change in steps.items():
        run = week(name, before.model_copy(update={**change, "sizing": before}), site, run_text, period)
        assert run.monthly_kwh("Electricity:Facility") < base.monthly_kwh("Electricity:Facility"), step
        if step == "led":
            assert run.monthly_kwh("InteriorLights:Electricity") == pytest.approx(
                base.monthly_kwh("InteriorLights:Electricity") / 2, rel=0.01)
        if step == "plant":
            assert run.monthly_kwh("Cooling:Electricity") < base.monthly_kwh("Cooling:Electricity") / 1.15


@pytest.mark.engine
@pytest.mark.long
def test_reading_gives_the_engines_own_totals(office, run_text):
    """The medium office as it is: our sums against the engine's tabular report."""
    idf = read_external(model_file(SLOW[0]))
    one(idf, "SimulationControl").Run_Simulation_for_Weather_File_Run_Periods = "Yes"  # saved to run design days only
    add_outputs(idf, default_settings())
    for control in idf.idfobjects["OUTPUTCONTROL:FILES"]:
        control.Output_Tabular = "Yes"
    text = idf_text(idf) + "Output:Table:SummaryReports,AnnualBuildingUtilityPerformanceSummary;\n"
    run = run_text(text + "OutputControl:Table:Style,Comma,JtoKWH;\n", office())
    report = (run.folder / "eplustbl.csv").read_text(encoding="latin-1")
    row = next(line for line in report.splitlines() if line.startswith(",Total End Uses"))
    electricity, gas = (float(word) for word in row.split(",")[2:4])
    assert run.monthly_kwh("Electricity:Facility") == pytest.approx(electricity, rel=1e-3)
    assert run.monthly_kwh("NaturalGas:Facility") == pytest.approx(gas, rel=1e-3)


def test_placing_replaces_calendar_and_site(site):
    idf = read_external(model_file(QUICK[1]))
    place_model(idf, site, default_settings())
    assert len(idf.idfobjects["RUNPERIOD"]) == 1
    assert one(idf, "Site:Location").Name == site.name
    assert not idf.idfobjects["RUNPERIODCONTROL:DAYLIGHTSAVINGTIME"]
    assert {e.Special_Day_Type for e in idf.idfobjects["RUNPERIODCONTROL:SPECIALDAYS"]} == {"Holiday", "CustomDay1"}
