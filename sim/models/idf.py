"""From a design to the IDF that the engine runs."""

from __future__ import annotations

from buildings.design import Design
from sim.models.expand import expand
from sim.models.frame import Frame, building_frame, frame_of
from sim.models.hvac import SYSTEMS
from sim.models.idd import OfficeIDF, idf_text, read_idf
from sim.models.outputs import add_outputs
from sim.models.site import ModelSettings, Site


def _plant_model(design: Design, site: Site, settings: ModelSettings, *, sizing_only: bool) -> OfficeIDF:
    frame: Frame = frame_of(design)
    system = SYSTEMS[design.source_system]
    templates = building_frame(design, site, settings, sizing_only=sizing_only)
    system.add_templates(templates, frame)
    expanded = read_idf(expand(idf_text(templates)))
    system.finish(expanded, frame)
    return expanded


def build_idf(design: Design, site: Site, settings: ModelSettings, kept_sizes: None = None) -> str:
    """Write the model of a design, ready for the engine."""
    model = _plant_model(design, site, settings, sizing_only=False)
    add_outputs(model, settings)
    return idf_text(model)
