"""Models: from a design, a site and settings to the IDF that the engine runs."""

from sim.models.idf import build_idf, sizing_idf
from sim.models.outputs import OUTPUTS, Output, occupied_hours
from sim.models.quantities import foreign_quantities, quantities
from sim.models.site import ModelSettings, Site, default_settings, site_of
from sim.models.sizes import KeptSizes, combine_sizes, needs_kept_sizes, read_sizes, sizing_designs

__all__ = ["OUTPUTS", "KeptSizes", "ModelSettings", "Output", "Site", "build_idf", "combine_sizes",
           "default_settings", "foreign_quantities", "needs_kept_sizes", "occupied_hours", "quantities", "read_sizes",
           "site_of", "sizing_designs", "sizing_idf"]
