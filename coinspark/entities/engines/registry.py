"""The engines that learn, by name: modules with the same three functions, imported where one is asked for (seconds each)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

from pyspark.sql import DataFrame

from coinspark.config import Recogniser
from coinspark.entities.lexicon.lists import Form
from coinspark.entities.ner.annotated import Marked, Span


class Trained(Protocol):
    """What a trained engine can do; the functions of the module say it in full."""

    def train(
        self,
        marked: Sequence[Marked],
        language: str,
        settings: Recogniser,
        seed: int,
        folder: Path,
        say: Callable[[str], None],
        more: Sequence[str] = (),
    ) -> None:
        """Learn from these texts and write the recogniser to the folder."""

    def find(self, folder: Path, texts: Sequence[str]) -> list[list[Span]]:
        """The spans that the recogniser of this folder finds in each text."""

    def annotate(self, texts: DataFrame, folders: dict[str, str], forms: tuple[Form, ...]) -> DataFrame:
        """ENTITIES rows of the texts, each read by the recogniser of its language."""


def trained(name: str) -> Trained:
    """The engine of this name."""
    if name == "spacy":
        from coinspark.entities.engines import spacy_engine

        return spacy_engine
    from coinspark.entities.engines import sparknlp_engine

    return sparknlp_engine
