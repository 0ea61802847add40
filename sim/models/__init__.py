"""Models: from a design, a site and settings to the IDF that the engine runs."""

from sim.models.idf import build_idf
from sim.models.outputs import OUTPUTS, Output, occupied_hours
from sim.models.site import ModelSettings, Site, default_settings, site_of

__all__ = ["OUTPUTS", "ModelSettings", "Output", "Site", "build_idf", "default_settings", "occupied_hours", "site_of"]
