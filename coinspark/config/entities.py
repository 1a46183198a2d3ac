"""Settings of `entities`: lists, languages, engines, recognisers."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from coinspark.config.common import Distinct, PathText, Section, Sha256, registered

Language = Literal["en", "de"]


class Pretrained(Section):
    """A trained recogniser on disk: its folder and the SHA-256 over its files."""

    path: PathText
    sha256: Sha256 | None = None


class Recogniser(Section):
    """Training of the recognisers.

    Attributes:
        designs: CSV with the columns text_en and text_de: further training texts.
        epochs: Passes over the training texts.
        replace_share: Share of mentions replaced by another name of their category.
        invent_share: Share of mentions replaced by an invented word.
        vector_size: Dimensions of the word vectors; 0: none.
        vector_noise: Length of the noise between an invented word's vector and a known word's.
        pretrained: Language → a recogniser that is used instead of training one.
    """

    designs: PathText | None = None
    epochs: int = Field(12, ge=1)
    replace_share: float = Field(0.1, ge=0, le=1)
    invent_share: float = Field(0.6, ge=0, le=1)
    vector_size: int = Field(100, ge=0, le=1000)
    vector_noise: float = Field(0.5, ge=0)
    pretrained: dict[Language, Pretrained] = Field({})


class Entities(Section):
    """Search for entities in the descriptions.

    Attributes:
        lists: Folder of the entity lists; without it no entities are found.
        languages: Languages of the descriptions to read.
        engines: Names of engines (see `coinspark/entities/engines`).
        priority: Engines that feed the class layers, highest priority first; empty: `engines`.
        recogniser: Training of the engines that learn.
        verdicts: CSV of proposals with the curators' verdicts.
    """

    lists: PathText | None = None
    languages: Annotated[tuple[Language, ...], Distinct] = Field(("en", "de"), min_length=1)
    engines: Annotated[tuple[str, ...], Distinct] = Field(("lexicon",), min_length=1)
    priority: Annotated[tuple[str, ...], Distinct] = ()
    recogniser: Recogniser = Recogniser()
    verdicts: PathText | None = None

    @field_validator("engines")
    @classmethod
    def _check_engines(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            registered("coinspark.entities.engines:ENGINES", name)
        return names

    @model_validator(mode="after")
    def _check_priority(self) -> Entities:
        if unknown := sorted(set(self.priority) - set(self.engines)):
            raise ValueError(
                f"entities.priority: {unknown[0]!r} is not one of entities.engines: {', '.join(self.engines)}"
            )
        return self

    @property
    def engines_by_priority(self) -> tuple[str, ...]:
        """The engines that feed the class layers, highest priority first."""
        return self.priority or self.engines
