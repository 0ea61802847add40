"""The instance as a pyomo model: one component per constraint family, scaled by powers of ten."""

from __future__ import annotations

from collections import defaultdict
from itertools import groupby
from typing import Any

import numpy as np
import pyomo.environ as pyo
from pyomo.core.expr.numeric_expr import LinearExpression

from optimiser.model.instance import Floats, Instance, Row, power_of_ten


def build(instance: Instance) -> tuple[Any, float]:
    """Return the pyomo model and the power of ten by which its objective is divided (equation 1)."""
    model = pyo.ConcreteModel("retrofit_portfolio")
    columns, segments = instance.columns, instance.segments
    model.select = pyo.Var(range(len(columns)), domain=pyo.Binary)
    model.pv = pyo.Var(range(len(segments)), bounds=(0.0, 1.0))
    domains = [pyo.Integers if extra.integer else pyo.Reals for extra in instance.extras]
    scales = extra_scales(instance)
    limits = [(0.0, extra.upper / scale) for extra, scale in zip(instance.extras, scales, strict=True)]
    model.further = pyo.Var(range(len(domains)), domain=lambda _, at: domains[at], bounds=lambda _, at: limits[at])
    variables = [*model.select.values(), *model.pv.values(), *model.further.values()]
    divisor = np.concatenate([np.ones(len(columns) + len(segments)), 1.0 / scales])
    _choice(model, instance)
    _pv_beside_package(model, instance)
    _families(model, instance, variables, divisor)
    scale = power_of_ten(instance.value)
    model.objective = pyo.Objective(expr=_linear(instance.value / divisor / scale, variables), sense=pyo.maximize)
    return model, scale


def extra_scales(instance: Instance) -> Floats:
    """Return, for each further variable, the power of ten in which the model counts it (1 for whole numbers)."""
    return np.array([1.0 if e.integer else power_of_ten(np.array([e.upper])) for e in instance.extras])


def _linear(coefs: Floats, variables: list[Any]) -> Any:  # noqa: ANN401 - pyomo has no types
    return LinearExpression(constant=0.0, linear_coefs=coefs.tolist(), linear_vars=variables)


def _choice(model: Any, instance: Instance) -> None:  # noqa: ANN401 - pyomo has no types
    """Write equation (2), one column per building at most, and (4), exactly one where it must be touched."""
    select = model.select
    model.one_package = pyo.Constraint(pyo.Any)
    columns = range(len(instance.columns))
    for building, members in groupby(columns, key=lambda j: int(instance.columns.building[j])):
        chosen = [select[j] for j in members]
        total = LinearExpression(constant=0.0, linear_coefs=[1.0] * len(chosen), linear_vars=chosen)
        model.one_package[building] = (1.0 if instance.mandatory[building] else None, total, 1.0)


def _pv_beside_package(model: Any, instance: Instance) -> None:  # noqa: ANN401 - pyomo has no types
    """Write equation (3): a PV segment needs a column of its group."""
    members: dict[int, list[Any]] = defaultdict(list)
    for column, group in enumerate(instance.columns.group.tolist()):
        members[group].append(model.select[column])
    model.pv_beside_package = pyo.Constraint(range(len(instance.segments)))
    for segment, group in enumerate(instance.segments.group.tolist()):
        carriers = members[group]
        terms = LinearExpression(
            constant=0.0, linear_coefs=[1.0] + [-1.0] * len(carriers), linear_vars=[model.pv[segment], *carriers]
        )
        model.pv_beside_package[segment] = (None, terms, 0.0)


def _families(model: Any, instance: Instance, variables: list[Any], divisor: Floats) -> None:  # noqa: ANN401 - no types
    """Write every row under the name of its family; each row divided by a power of ten."""
    by_family: dict[str, list[Row]] = defaultdict(list)
    for row in instance.rows:
        by_family[row.family].append(row)
    for family, rows in by_family.items():
        block = pyo.Constraint(pyo.Any)
        model.add_component(family, block)
        for at, row in enumerate(rows):
            coefs = row.coef / divisor[row.index]
            scale = power_of_ten(coefs)
            terms = _linear(coefs / scale, [variables[i] for i in row.index.tolist()])
            block[f"{row.label}_{at}" if row.family == "floor_error" else row.label] = (None, terms, row.upper / scale)
