"""What may be asked of the optimiser: frozen rules, and the errors that name them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

from optimiser.money.contracts import Lane, Terms
from vocabulary import RetrofolioError

Objective = Literal["saving", "excess_saving", "net_present_value", "carbon"]
EnergyBasis = Literal["calorific", "shanghai_primary", "carbon_0_42", "carbon_0_5737"]
LANES: tuple[Lane, ...] = ("own_funds", "guaranteed", "shared_savings", "trusteeship")
OWNER_LANES: tuple[Lane, ...] = ("own_funds", "guaranteed")
ANY_PACKAGE = "*"


class RulesError(RetrofolioError):
    """A rule asks for something that the cube does not hold, or two rules do not fit together."""


class InfeasibleError(RetrofolioError):
    """Rules contradict each other.

    Parameters
    ----------
    rules : iterable of str
        A set of rules that no plan meets, from which none can be taken away.
    """

    exit_code = 4

    def __init__(self, rules: Iterable[str]) -> None:
        self.rules = tuple(rules)
        super().__init__("these rules contradict each other: " + "; ".join(self.rules))


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("must be a finite number")
    return value


Money = Annotated[float, Field(ge=0.0), AfterValidator(_finite)]
Number = Annotated[float, AfterValidator(_finite)]
Fraction = Annotated[float, Field(ge=0.0, le=1.0), AfterValidator(_finite)]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class BudgetPart(_Frozen):
    """Part of the budget that may be spent on one purpose only (equation 7).

    A package serves the purpose if all conditions given hold: its label is listed, one of its measures is listed,
    its building is listed. `pv` says whether PV is of the purpose.
    """

    name: str
    amount_cny: Money
    packages: tuple[str, ...] = ()
    measures: tuple[str, ...] = ()
    buildings: tuple[str, ...] = ()
    pv: bool = False


class Economics(_Frozen):
    """Money over time: rates, lives and prices used by the net present value and by contracts.

    Defaults: 20 years at 4 % real (public owner 3-5 %, domain figure, confidence C); flat electricity price 0.80
    CNY/kWh for a suburban office (D), PV surplus at the Shanghai coal benchmark 0.4155 CNY/kWh (C).
    """

    discount_rate: Annotated[float, Field(gt=-1.0)] = 0.04
    horizon_years: Annotated[int, Field(ge=1)] = 20
    price_growth_per_year: Number = 0.0
    cost_growth_per_year: Number = 0.0
    package_life_years: Annotated[float, Field(gt=0.0)] = 20.0
    pv_life_years: Annotated[float, Field(gt=0.0)] = 25.0
    pv_upkeep_fraction_per_year: Fraction = 0.01
    electricity_price_cny_per_kwh: Money = 0.80
    pv_export_price_cny_per_kwh: Money = 0.4155


class Rules(_Frozen):
    """The rules of one optimisation; a tuple of budgets makes one scenario each.

    Every field is described in `optimiser/README.md` ("Rules"); the equations are in `optimiser/formulation.md`.

    Examples
    --------
    >>> Rules(budget_cny=3_000_000).minimum_saving_fraction
    0.2
    """

    budget_cny: Money | tuple[Money, ...] | None = None
    yearly_budget_cny: tuple[Money, ...] | None = None
    carry_over: bool = True
    budget_parts: tuple[BudgetPart, ...] = ()
    minimum_saving_fraction: Fraction = 0.20
    floor_scope: Literal["building", "contract", "portfolio"] = "building"
    floor_confidence: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.90
    energy_basis: EnergyBasis = "calorific"
    pv_in_floor: Literal["none", "self_used", "all"] = "self_used"
    allow_pv_only: bool = False
    objective: Objective = "saving"
    at_least: dict[Objective, Number] = Field(default_factory=dict)
    require: tuple[tuple[str, str], ...] = ()
    forbid: tuple[tuple[str, str], ...] = ()
    prerequisites: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    exclusions: tuple[tuple[str, ...], ...] = ()
    columns_per_building: Annotated[int, Field(ge=1)] | None = None
    mip_gap: Annotated[float, Field(ge=0.0, lt=1.0)] = 1e-4
    time_limit_s: Annotated[float, Field(gt=0.0)] | None = None
    end_of_life_first: bool = False
    economics: Economics = Economics()
    lanes: tuple[Lane, ...] = ("own_funds",)
    contract_lane: dict[str, Lane] = Field(default_factory=dict)
    contract_terms: Terms = Terms()
    esco_capital_cny: Money | None = None
    grouping: Literal["given", "decided"] = "given"
    maximum_contracts: Annotated[int, Field(ge=1)] = 8
    contract_size_min: Annotated[int, Field(ge=1)] = 1
    contract_size_max: Annotated[int, Field(ge=1)] | None = None
    subsidies: tuple[str, ...] = ()
    carbon_basis: Literal["carbon_0_42", "carbon_0_5737"] = "carbon_0_42"

    @field_validator("require", "forbid", mode="before")
    @classmethod
    def _pairs(cls, given: Any) -> tuple[tuple[str, str], ...]:  # noqa: ANN401 - anything may be given; it is checked here
        try:
            return tuple(_pair(item) for item in _items(given))
        except TypeError as error:  # a number or nothing where names are wanted
            raise ValueError("a sequence of buildings or of (building, package)") from error

    @model_validator(mode="after")
    def _fits_together(self) -> Rules:
        faults = list(_contradictions(self))
        if faults:
            raise ValueError("; ".join(faults))
        return self


def _items(given: Any) -> Iterable[Any]:  # noqa: ANN401 - see Rules._pairs
    if isinstance(given, Mapping):
        return [(b, p) for b, ps in given.items() for p in ([ps] if isinstance(ps, str) else ps)]
    if isinstance(given, str):
        raise ValueError("must be a sequence of buildings or of (building, package)")
    return given


def _pair(item: Any) -> tuple[str, str]:  # noqa: ANN401 - see Rules._pairs
    if isinstance(item, str):
        return item, ANY_PACKAGE
    building, package = item
    return str(building), str(package)


def _contradictions(rules: Rules) -> Iterable[str]:
    if rules.budget_cny is not None and rules.yearly_budget_cny is not None:
        yield "budget_cny and yearly_budget_cny cannot both be given"
    for name in ("budget_cny", "yearly_budget_cny", "lanes"):
        if getattr(rules, name) == ():
            yield f"{name} must not be empty"
    yield from _lane_contradictions(rules)
    if len(rules.budget_parts) > 4:
        yield "at most four budget_parts"
    if rules.budget_parts and rules.budget_cny is None and rules.yearly_budget_cny is None:
        yield "budget_parts need a budget"
    if rules.contract_size_max is not None and rules.contract_size_max < rules.contract_size_min:
        yield "contract_size_max is below contract_size_min"
    if rules.floor_scope != "building" and rules.floor_confidence < 0.5:
        yield "floor_confidence below 0.5 with a pooled floor is not convex"
    if rules.end_of_life_first and rules.yearly_budget_cny is None:
        yield "end_of_life_first needs yearly_budget_cny"


def _lane_contradictions(rules: Rules) -> Iterable[str]:
    if rules.contract_lane and rules.grouping == "decided":
        yield "contract_lane names given contracts, but grouping='decided'"
    for lane in sorted(set(rules.contract_lane.values()) - set(rules.lanes)):
        yield f"contract_lane asks for {lane}, which is not in lanes"


def years(rules: Rules) -> int:
    """Return the number of plan years.

    Examples
    --------
    >>> years(Rules(yearly_budget_cny=(1e6, 2e6)))
    2
    """
    return 1 if rules.yearly_budget_cny is None else len(rules.yearly_budget_cny)


def scenarios(rules: Rules) -> dict[str, Rules]:
    """Return one set of rules per scenario, labelled `budget_<CNY>`.

    Raises
    ------
    RulesError
        If two budgets are the same.

    Examples
    --------
    >>> list(scenarios(Rules(budget_cny=(1e6, 2_500_000))))
    ['budget_1000000', 'budget_2500000']
    """
    if not isinstance(rules.budget_cny, tuple):
        return {f"budget_{_written(total_budget_cny(rules))}": rules}
    named = {f"budget_{_written(b)}": rules.model_copy(update={"budget_cny": b}) for b in rules.budget_cny}
    if len(named) < len(rules.budget_cny):
        raise RulesError(f"budget_cny: a budget stands twice in {rules.budget_cny}")
    return named


def total_budget_cny(rules: Rules) -> float:
    """Return the money of the whole plan, infinite where no budget is given.

    Raises
    ------
    RulesError
        If the rules hold several budgets: split them by `scenarios` first.

    Examples
    --------
    >>> total_budget_cny(Rules(yearly_budget_cny=(1e6, 2e6)))
    3000000.0
    """
    if isinstance(rules.budget_cny, tuple):
        raise RulesError("budget_cny: several budgets; one scenario each")
    if rules.yearly_budget_cny is not None:
        return float(sum(rules.yearly_budget_cny))
    return math.inf if rules.budget_cny is None else float(rules.budget_cny)


def _written(amount: float) -> str:
    if math.isinf(amount):
        return "unlimited"
    return str(int(amount)) if float(amount).is_integer() else repr(float(amount))
