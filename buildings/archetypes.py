"""What a building is like when nobody measured it: figures by design code, use and plant, each with its source."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal

from pydantic import model_validator

from buildings.datafile import DATA_DIR, Figure, unsourced
from buildings.design import Design, SourceSystem
from datafile import Frozen, load_yaml

VintageName = Literal["before_2005", "gb50189_2005", "gb50189_2015", "gb55015_2021"]
Figures = dict[str, Figure]
GEOMETRY_FIGURES = frozenset({"plan_depth_m", "aspect_ratio_limit", "wings_aspect_ratio", "usable_roof_fraction"})


class Vintage(Frozen):
    """One design code: the first year of completion it stands for, and its figures."""

    first_year: int
    label_en: str
    label_zh: str
    figures: Figures


class Use(Frozen):
    """One use of a building: its benchmark group, other spellings, and figures that differ from the vintage."""

    label_en: str
    label_zh: str
    benchmark: Literal["government", "commercial"]
    aliases: tuple[str, ...] = ()
    figures: Figures


class Plant(Frozen):
    """One source system: figures of every vintage and of each vintage of the plant."""

    every_vintage: Figures
    before_2005: Figures
    gb50189_2005: Figures
    gb50189_2015: Figures
    gb55015_2021: Figures

    def figures(self, vintage: VintageName) -> Figures:
        """Return the figures of a plant of one vintage, its own above those of every vintage."""
        own: Figures = getattr(self, vintage)
        return self.every_vintage | own


class Archetypes(Frozen):
    """The whole file of archetypes."""

    sources: dict[str, str]
    every_vintage: Figures
    vintages: dict[VintageName, Vintage]
    uses: dict[str, Use]
    plants: dict[SourceSystem, Plant]

    @model_validator(mode="after")
    def _figures_are_known_and_sourced(self) -> Archetypes:
        known = set(Design.model_fields) | GEOMETRY_FIGURES
        faults = []
        for place, figures in self._all_figures().items():
            faults += [f"{place}.{name}: not a field of a design" for name in figures if name not in known]
            faults += unsourced({f"{place}.{name}": figure for name, figure in figures.items()}, self.sources)
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _all_figures(self) -> dict[str, Figures]:
        places = {"every_vintage": self.every_vintage}
        places |= {f"vintages.{name}": vintage.figures for name, vintage in self.vintages.items()}
        places |= {f"uses.{name}": use.figures for name, use in self.uses.items()}
        for name, plant in self.plants.items():
            places |= {f"plants.{name}.{part}": getattr(plant, part) for part in Plant.model_fields}
        return places

    def vintage_of(self, year: int) -> VintageName:
        """Return the vintage of something finished in a year.

        Parameters
        ----------
        year : int
            Year of completion.

        Returns
        -------
        str
            Name of the youngest vintage whose first year is not later.

        Examples
        --------
        >>> load_archetypes().vintage_of(2004)
        'before_2005'
        """
        ordered = sorted(self.vintages, key=lambda name: self.vintages[name].first_year)
        reached = [name for name in ordered if self.vintages[name].first_year <= year]
        return reached[-1] if reached else ordered[0]

    def use_names(self) -> dict[str, str]:
        """Return every accepted spelling of a use, its own name among them, with the use it means."""
        spellings = {alias: name for name, use in self.uses.items() for alias in use.aliases}
        return spellings | {name: name for name in self.uses}

    def figures(
        self, vintage: VintageName, use: str, source_system: SourceSystem, source_vintage: VintageName
    ) -> Figures:
        """Return the figures that make up one archetype.

        Parameters
        ----------
        vintage, use, source_system, source_vintage : str
            Design code of the building, its use, its source system and the vintage of that plant.

        Returns
        -------
        dict of str to Figure
            By field of `Design`, besides a few of the geometry. Use stands above vintage, vintage above the
            common part; the plant's figures are its own.

        Examples
        --------
        >>> found = load_archetypes().figures("before_2005", "court", "split", "gb50189_2015")
        >>> found["cooling_cop"].value, found["wall_u_value_w_per_m2k"].value
        (3.2, 2.0)
        """
        plant = self.plants[source_system].figures(source_vintage)
        return self.every_vintage | self.vintages[vintage].figures | self.uses[use].figures | plant


@lru_cache(maxsize=8)
def load_archetypes(path: str | Path | None = None) -> Archetypes:
    """Read the archetypes.

    Parameters
    ----------
    path : str or Path, optional
        YAML file; the project's own without it.

    Returns
    -------
    Archetypes
        Validated: every figure has a known field, a source and a confidence letter.

    Raises
    ------
    InputError
        All faults of the file in one message.

    Examples
    --------
    >>> load_archetypes().vintages["before_2005"].figures["window_u_value_w_per_m2k"].value
    6.4
    """
    return load_yaml(path or DATA_DIR / "archetypes.yaml", Archetypes)
