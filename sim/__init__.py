"""Energy of a case: models, the engine, many runs, the surrogate."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sim.case import Case as Case
    from sim.case import design_table as design_table
    from sim.engine.simulate import check_failures as check_failures
    from sim.engine.simulate import simulate as simulate

# Loaded when first asked for, so that a command that needs none of it starts quickly.
_PLACES = {
    "Case": "sim.case",
    "ClusterSettings": "sim.engine.cluster",
    "Store": "sim.engine.store",
    "Surrogate": "sim.surrogate",
    "check_failures": "sim.engine.simulate",
    "design_table": "sim.case",
    "simulate": "sim.engine.simulate",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 - a door to modules; each name has its own type there
    """Load a public name from where it lives."""
    if name not in _PLACES:
        raise AttributeError(f"module 'sim' has no attribute {name!r}")
    return getattr(import_module(_PLACES[name]), name)
