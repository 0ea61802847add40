"""One direction of imports, and one door for each outside package (ARCHITECTURE: flow and rooms)."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
ALLOWED = {
    "vocabulary": set(),
    "datafile": {"vocabulary"},
    "netcdf": {"vocabulary"},
    "weather": {"vocabulary", "datafile", "netcdf"},
    "buildings": {"vocabulary", "datafile", "netcdf"},
    "sim": {"vocabulary", "datafile", "netcdf", "weather", "buildings"},
    "optimiser": {"vocabulary", "datafile", "netcdf", "weather", "buildings", "sim"},
    "scripts": {"vocabulary", "datafile", "netcdf", "weather", "buildings", "sim", "optimiser"},
}
WINGS = ["sim/models", "sim/engine", "sim/surrogate"]
DOORS = {
    "eppy": ["sim/models/"],
    "pyenergyplus": ["sim/engine/energyplus", "sim/models/expand.py"],
    "numba": ["sim/surrogate/kernels"],
    "dask": ["sim/engine/batch.py", "sim/engine/cluster.py"],
    "distributed": ["sim/engine/batch.py", "sim/engine/cluster.py"],
    "dask_jobqueue": ["sim/engine/cluster.py"],
    "pyomo": ["optimiser/model/"],
    "highspy": ["optimiser/model/"],
    "pvlib": ["weather/"],
}
MODULES = [
    path.relative_to(ROOT)
    for room in ALLOWED
    for path in (sorted((ROOT / room).rglob("*.py")) if (ROOT / room).is_dir() else [ROOT / f"{room}.py"])
]


def imported(path):
    """Yield dotted names of everything a module imports, lazily or not; relative imports are made absolute."""
    package = path.with_suffix("").parts[:-1]
    for node in ast.walk(ast.parse((ROOT / path).read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            yield ".".join(filter(None, [base, node.module or ""]))
            yield from (".".join(filter(None, [base, node.module or "", a.name])) for a in node.names)


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_imports_point_upwards_only(path):
    room = path.parts[0].removesuffix(".py")
    tops = {name.split(".")[0] for name in imported(path)}
    assert tops & set(ALLOWED) <= ALLOWED[room] | {room}


@pytest.mark.parametrize("path", MODULES, ids=str)
def test_outside_packages_have_one_door(path):
    for name in imported(path):
        doors = DOORS.get(name.split(".")[0])
        assert doors is None or any(str(path).startswith(door) for door in doors), f"{path} imports {name}"


@pytest.mark.parametrize("path", [p for p in MODULES if str(p).startswith(tuple(WINGS))], ids=str)
def test_wings_of_sim_follow_the_data(path):
    wing = next(i for i, name in enumerate(WINGS) if str(path).startswith(name))
    later = tuple(name.replace("/", ".") for name in WINGS[wing + 1 :])
    assert not [name for name in imported(path) if name.startswith(later)]
