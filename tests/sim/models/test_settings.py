"""Settings: whatever the study may say, the engine takes."""

import re
from itertools import pairwise

import pytest
from annotated_types import Ge, Gt, Le, Lt
from pydantic import ValidationError

from sim.models import ModelSettings, build_idf, default_settings
from tests.sim.models.conftest import make_office

WEEK = (7, 1, 7, 7)


def bounds_of(name):
    """Smallest and largest value of a numeric setting; an open lower bound a little above."""
    field = ModelSettings.model_fields[name]
    low = next((b.ge if isinstance(b, Ge) else b.gt + 1e-3 for b in field.metadata if isinstance(b, Ge | Gt)), None)
    high = next((b.le for b in field.metadata if isinstance(b, Le)), None)
    assert not any(isinstance(b, Lt) for b in field.metadata)
    return low, high


def extremes(end):
    found = {name: bounds_of(name)[end] for name in ModelSettings.model_fields}
    return {name: value for name, value in found.items() if value is not None}


@pytest.mark.engine
@pytest.mark.parametrize("changes", [
    {**extremes(0), "timesteps_per_hour": 1},
    {**extremes(1), "timesteps_per_hour": 6},
    {"solar_distribution": "MinimalShadowing", "interior_convection": "Simple", "exterior_convection": "TARP",
     "zone_air_solution": "AnalyticalSolution", "coil_direct_solution": False},
    {"exterior_convection": "SimpleCombined", "zone_air_solution": "EulerMethod", "hourly": False},
], ids=["least", "largest", "other words", "further words"])
def test_engine_takes_the_ends_of_every_range(run_design, changes):
    run = run_design(make_office(), settings=default_settings(run_period=WEEK, **changes))
    assert run.monthly_kwh("Electricity:Facility") > 0
    assert "** Severe" not in (run.folder / "eplusout.err").read_text(encoding="latin-1")


def test_ends_cover_all_numbers():
    assert set(extremes(0)) == set(extremes(1)) >= {"temperature_tolerance_k", "maximum_plant_iterations"}


@pytest.mark.parametrize("changes", [
    {"temperature_tolerance_k": 0.6}, {"minimum_plant_iterations": 6, "maximum_plant_iterations": 4},
    {"run_period": (13, 1, 12, 31)}, {"run_period": (2, 30, 3, 1)}, {"run_period": (5, 1, 4, 1)},
])
def test_what_the_engine_refuses_is_refused_before(changes):
    with pytest.raises(ValidationError, match="|".join(changes)):
        default_settings(**changes)


def test_every_numeric_setting_reaches_the_model(site):
    """A setting that changes nothing would be a lie in the study."""
    for name, (low, high) in ((name, bounds_of(name)) for name in extremes(0)):
        texts = [build_idf(make_office(), site, default_settings(**{name: value}))
                 for value in (low, high) if not name.endswith("plant_iterations")]
        assert all(a != b for a, b in pairwise(texts)), name
    assert not re.search("Plant_Iterations,", build_idf(make_office(), site, default_settings()))
