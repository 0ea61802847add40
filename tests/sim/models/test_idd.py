"""The IDD from the schema, eppy on top of it, and the template processor."""

import json
import subprocess
import sys

import numpy as np
import pytest
from eppy.bunch_subclass import BadEPFieldError

from sim.models.expand import ExpandError, expand
from sim.models.idd import add, idd_folder, idf_text, one, read_idf, schema


def test_every_object_of_the_schema_is_known():
    assert len(schema()) == len(read_idf().idfobjects)


def test_defaults_are_filled_and_fields_checked():
    idf = read_idf()
    boiler = add(idf, "HVACTemplate:Plant:Boiler", Name="Bo", Priority=1)
    assert boiler.Capacity == "Autosize"
    assert boiler.Water_Outlet_Upper_Temperature_Limit == 100.0
    with pytest.raises(BadEPFieldError):
        add(idf, "Zone", Nmae="Hall")


@pytest.mark.parametrize("kind", ["Zone", "Schedule:Compact", "Chiller:Electric:EIR", "BuildingSurface:Detailed",
                                  "HVACTemplate:Zone:VRF", "Curve:Biquadratic", "Output:Variable"])
def test_objects_are_those_that_eppy_itself_would_make(kind):
    """Every single field, set alone and with all others, has the place that eppy gives it; objects share nothing."""
    names = read_idf().newidfobject(kind.upper()).objls[1:]
    chosen = [{name: 1.5} for name in names[:12]] + [{name: f"v{i}" for i, name in enumerate(names)}]
    ours, eppys = read_idf(), read_idf()
    for fields in chosen:
        add(ours, kind, **fields)
        eppys.newidfobject(kind.upper(), **fields)
    assert [o.obj for o in ours.idfobjects[kind.upper()]] == [o.obj for o in eppys.idfobjects[kind.upper()]]
    assert idf_text(ours) == idf_text(eppys)
    assert add(ours, kind).obj == eppys.newidfobject(kind.upper()).obj


def test_text_survives_reading_and_writing():
    idf = read_idf()
    vertices = {f"Vertex_{axis}coordinate_{i}": float(i) for i in range(1, 9) for axis in "XYZ"}
    add(idf, "BuildingSurface:Detailed", Name="wall", Zone_Name="Hall", Number_of_Vertices=8, **vertices)
    add(idf, "Zone", Name="Hall", Multiplier=3, Floor_Area=np.float64(12.5))
    again = read_idf(idf_text(idf))
    assert one(again, "BuildingSurface:Detailed").Vertex_Zcoordinate_8 == 8.0
    assert one(again, "Zone").Floor_Area == 12.5
    assert "np.float64" not in idf_text(idf)
    assert max(len(line) for line in idf_text(idf).splitlines()) < 500


def test_one_refuses_several():
    with pytest.raises(ValueError, match="too many"):
        one(read_idf("Zone, a;\nZone, b;\n"), "Zone")


def test_refused_template_says_why():
    with pytest.raises(ExpandError, match="Not enough fields"):
        expand("Version,25.2;\nHVACTemplate:Plant:Tower,Tw,SingleSpeed;\n")


def test_cache_is_written_whole_by_several_processes(tmp_path):
    code = "from sim.models.idd import read_idf; print(len(read_idf('Zone, Hall;').idfobjects['ZONE']))"
    env = {"XDG_CACHE_HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "HOME": str(tmp_path)}
    running = [subprocess.Popen([sys.executable, "-c", code], env=env, stdout=subprocess.PIPE, text=True)
               for _ in range(3)]
    assert [p.communicate(timeout=120)[0].strip() for p in running] == ["1", "1", "1"]
    (folder,) = (tmp_path / "retrofolio").iterdir()
    assert sorted(p.name for p in folder.iterdir()) == ["Energy+.idd", "parsed.json"]
    assert len(json.loads((folder / "parsed.json").read_text())) == 2


def test_the_cache_folder_is_named_after_its_content():
    assert idd_folder().name.startswith("idd-25.2-")
