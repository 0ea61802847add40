"""A bound on a quantity beside the objective (equation 11)."""

from __future__ import annotations

import numpy as np

from optimiser.model.instance import Columns, Floats, Row, Segments, row
from optimiser.rules import Objective, Rules

_AMOUNTS = {"saving": "saving", "net_present_value": "net_present_value", "carbon": "carbon"}


def quantity(name: Objective, columns: Columns, segments: Segments, rules: Rules) -> tuple[Floats, Floats]:
    """Return what columns and segments add to an objective quantity (parameters of equation 1).

    Units: kWh for `saving` and `excess_saving`, CNY for `net_present_value`, t for `carbon`.
    """
    if name == "excess_saving":
        above = columns.amounts["counted"] - rules.minimum_saving_fraction * columns.amounts["baseline"]
        return above, segments.amounts.get("counted", np.zeros(len(segments)))
    amount = _AMOUNTS[name]
    return columns.amounts[amount], segments.amounts.get(amount, np.zeros(len(segments)))


def at_least_rows(columns: Columns, segments: Segments, rules: Rules) -> list[Row]:
    """Write equation (11) for each quantity that has a lower bound."""
    rows = []
    for name, bound in rules.at_least.items():
        of_columns, of_segments = quantity(name, columns, segments, rules)
        rows.append(row("at_least", f"at_least_{name}", -of_columns, -of_segments, -bound))
    return rows
