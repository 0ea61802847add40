"""Results that somebody has published, which a report puts beside its own."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Published(BaseModel):
    """What a published programme reports of itself; part of a study's block `report`.

    Examples
    --------
    >>> Published(source="a notice", confidence="B", projects=26, coal_t_per_year=700.0).projects
    26
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str = Field(min_length=1)
    confidence: str = Field(pattern="^[A-D]$")
    projects: int | None = Field(None, ge=0)
    batches: int | None = Field(None, ge=0)
    coal_t_per_year: float | None = Field(None, ge=0, description="standard coal saved, t")
    public_money_cny: float | None = Field(None, ge=0, description="public money saved over the contract terms, CNY")
    minimum_saving_fraction: float | None = Field(None, ge=0, le=1, description="that every project exceeds")
