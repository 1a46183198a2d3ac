"""Settings of `entities`: lists, languages, engines, recognisers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from coinspark.config.common import Section

Engine = Literal["lexicon", "spacy", "sparknlp"]


class Pretrained(Section):
    """A recogniser on disk, to be used as it is: its folder and the SHA-256 over its files."""

    path: str
    sha256: str | None = None


class Recogniser(Section):
    """How the trained engines learn: from which further texts, in how many passes, with how many names replaced.

    `swap` and `invent` are the shares of mentions that become another name or a made-up word, `vectors` the width of the word
    vectors (0: none), `blur` how far a made-up word's vector lies from a known one's.
    """

    designs: str | None = None
    passes: int = Field(12, ge=1)
    swap: float = Field(0.1, ge=0, le=1)
    invent: float = Field(0.6, ge=0, le=1)
    vectors: int = Field(100, ge=0, le=1000)
    blur: float = Field(0.5, ge=0)
    pretrained: dict[Literal["en", "de"], Pretrained] = Field({})


class Entities(Section):
    """Which lists are searched for, in which languages, by which engines, and in which order these are trusted."""

    lists: str | None = None
    languages: tuple[Literal["en", "de"], ...] = ("en", "de")
    engines: tuple[Engine, ...] = Field(("lexicon",), min_length=1)
    trust: tuple[Engine, ...] = ()
    recogniser: Recogniser = Recogniser()
    verdicts: str | None = None

    @model_validator(mode="after")
    def _agree(self) -> Entities:
        if absent := sorted(set(self.trust) - set(self.engines)):
            raise ValueError(
                f"entities.trust: {absent[0]!r} is none of entities.engines {list(self.engines)}"
            )
        return self

    @property
    def trusted(self) -> tuple[Engine, ...]:
        """The engines that the class layers go by, the most trusted first."""
        return self.trust or self.engines
