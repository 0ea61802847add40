"""Which package for which building, in which contract and year: exact choice, proof, comparison, report."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optimiser.proof.resimulation import Verified, verify, verify_rounds
    from optimiser.proof.trials import Simulated, Trial
    from optimiser.rules import BudgetPart, Economics, InfeasibleError, Rules, RulesError
    from optimiser.scenario import optimise

_HOMES = {
    "BudgetPart": "optimiser.rules",
    "Economics": "optimiser.rules",
    "InfeasibleError": "optimiser.rules",
    "Rules": "optimiser.rules",
    "RulesError": "optimiser.rules",
    "optimise": "optimiser.scenario",
    "Simulated": "optimiser.proof.trials",
    "Trial": "optimiser.proof.trials",
    "Verified": "optimiser.proof.resimulation",
    "verify": "optimiser.proof.resimulation",
    "verify_rounds": "optimiser.proof.resimulation",
}
__all__ = [
    "BudgetPart",
    "Economics",
    "InfeasibleError",
    "Rules",
    "RulesError",
    "Simulated",
    "Trial",
    "Verified",
    "optimise",
    "verify",
    "verify_rounds",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - whatever the name stands for
    """Import on first use: pyomo and SciPy are slow to load."""
    if name not in _HOMES:
        raise AttributeError(f"module 'optimiser' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
