"""Outdoor conditions: EPW files, their quality, and typical years made from monthly normals."""

from weather.city import City, cities, load_city
from weather.design_days import DesignDay, design_days
from weather.epw import read_epw, write_epw
from weather.ground import ground_temperatures_c
from weather.typical_year import make_typical_year

__all__ = [
    "City", "DesignDay", "cities", "design_days", "ground_temperatures_c", "load_city", "make_typical_year", "read_epw",
    "write_epw",
]
