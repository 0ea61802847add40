"""From a design to the IDF that the engine runs."""

from __future__ import annotations

from buildings.design import Design
from sim.models.expand import expand
from sim.models.frame import Frame, building_frame, frame_of
from sim.models.hvac import SYSTEMS
from sim.models.hvac.tower import keep_transfer
from sim.models.idd import OfficeIDF, idf_text, read_idf
from sim.models.outputs import add_outputs
from sim.models.photovoltaics import add_photovoltaics
from sim.models.site import ModelSettings, Site
from sim.models.sizes import KeptSizes, set_sizes


def _plant_model(design: Design, site: Site, settings: ModelSettings, *, sizing_only: bool) -> OfficeIDF:
    frame: Frame = frame_of(design)
    system = SYSTEMS[design.source_system]
    templates = building_frame(design, site, settings, sizing_only=sizing_only)
    system.add_templates(templates, frame)
    expanded = read_idf(expand(idf_text(templates)))
    system.finish(expanded, frame)
    return expanded


def build_idf(
    design: Design, site: Site, settings: ModelSettings, kept_sizes: KeptSizes | None = None,
    pv_capacity_kw: float = 0.0,
) -> str:
    """Write the model of a design, ready for the engine.

    Parameters
    ----------
    design : Design
        The building as it is or after a package.
    site : Site
        From `site_of`.
    settings : ModelSettings
        From `default_settings`.
    kept_sizes : KeptSizes, optional
        From `combine_sizes`; not given, the engine sizes everything for the design's own loads.
    pv_capacity_kw : float
        Rooftop PV (direct current); its generation is metered beside `energy_use`.

    Returns
    -------
    str
        IDF text of version 25.2 with its outputs (`OUTPUTS`), templates already expanded.

    Raises
    ------
    ExpandError
        If the template processor refuses the model.

    Examples
    --------
    `build_idf(design, site, default_settings())` of an office of 15 zones is a text of some 100 000 characters.
    """
    model = _plant_model(design, site, settings, sizing_only=False)
    if kept_sizes:
        set_sizes(model, kept_sizes)
        keep_transfer(model)
    if pv_capacity_kw > 0:
        add_photovoltaics(model, pv_capacity_kw)
    add_outputs(model, settings)
    return idf_text(model)


def sizing_idf(design: Design, site: Site, settings: ModelSettings) -> str:
    """Write the model that sizes a design's equipment: design days only, about a second of engine time.

    Parameters
    ----------
    design : Design
        One of `sizing_designs`; its own `sizing` is not looked at.
    site : Site
        From `site_of`.
    settings : ModelSettings
        From `default_settings`.

    Returns
    -------
    str
        IDF text; `read_sizes` reads the sizes from the run's `eplusout.eio`.
    """
    model = _plant_model(design, site, settings, sizing_only=True)
    add_outputs(model, settings.model_copy(update={"hourly": False}))
    return idf_text(model)
