"""Buildings: what a building is, what may be done to it, what that costs, how it compares."""

from buildings.archetypes import load_archetypes
from buildings.bills import read_bills
from buildings.building import Building, MonthlyBill
from buildings.costs import capital_cost_cny
from buildings.design import Design
from buildings.measures import Catalogue, Measure, load_catalogue
from buildings.packages import Package, apply_package, enumerate_packages, offered_measures
from buildings.registry import read_registry

__all__ = [
    "Building",
    "Catalogue",
    "Design",
    "Measure",
    "MonthlyBill",
    "Package",
    "apply_package",
    "capital_cost_cny",
    "enumerate_packages",
    "load_archetypes",
    "load_catalogue",
    "offered_measures",
    "read_bills",
    "read_registry",
]
