"""Settings of the stage `evaluate` and of the report."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator

from coinspark.config.common import Distinct, Section, registered

_SECTIONS = "coinspark.evaluation.report.sections:SECTIONS"


class Evaluation(Section):
    """Scores, intervals and the report.

    Attributes:
        top_k: The k of top-k accuracy; predictions kept per image and level.
        examples_per_class: Coins that the report shows for each new class and at each end of a cluster.
        suspect_threshold: Minimum probability of the contradicting predictions in the view `suspects`.
        sections: Sections of the report in their order, by name or as `package.module:SECTION`; null: all.
    """

    top_k: int = Field(5, ge=1)
    examples_per_class: int = Field(6, ge=0, le=50)
    suspect_threshold: float = Field(0.9, gt=0, le=1)
    sections: Annotated[tuple[str, ...], Distinct] | None = None

    @field_validator("sections")
    @classmethod
    def _sections_exist(cls, names: tuple[str, ...] | None) -> tuple[str, ...] | None:
        for name in names or ():
            registered(_SECTIONS, name)
        return names
