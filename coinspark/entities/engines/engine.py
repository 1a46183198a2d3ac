"""Definition of an engine, and of the data that a trained engine learns from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pyspark.sql import DataFrame

from coinspark.config import Recogniser
from coinspark.core.errors import ConfigError
from coinspark.entities.engines import ENGINES
from coinspark.entities.lexicon.forms import Form
from coinspark.entities.ner.annotated import AnnotatedText, Span
from coinspark.warehouse.files import Location

Models = Mapping[str, Location]
"""Language → folder of its trained model; empty for an engine without training."""


@dataclass(frozen=True)
class TrainingData:
    """Input of a training.

    Attributes:
        texts: Distinct annotated texts.
        language: "en" or "de".
        settings: `entities.recogniser`.
        seed: Seed of all random draws.
        unannotated: Further texts, used for word vectors only.
    """

    texts: Sequence[AnnotatedText]
    language: str
    settings: Recogniser
    seed: int
    unannotated: Sequence[str] = ()


@dataclass(frozen=True)
class Engine:
    """A way to find entities in texts.

    Attributes:
        annotate: Returns the ENTITIES rows of distinct texts (text_id, language, text), key (text_id, engine,
            start). The stage sets the column `engine`.
    """

    annotate: Callable[[DataFrame, Models, tuple[Form, ...]], DataFrame]


@dataclass(frozen=True)
class TrainedEngine(Engine):
    """An engine that learns from annotated texts, one model per language.

    Attributes:
        train: Writes a model to a folder. Its last argument shows a line of progress.
        find: Returns the spans that the model of a folder finds in each text.
        needs_spark: Whether `train` and `find` need a running Spark session.
    """

    train: Callable[[TrainingData, Location, Callable[[str], None]], None]
    find: Callable[[Location, Sequence[str]], list[list[Span]]]
    needs_spark: bool = False


def trained_engine(name: str) -> TrainedEngine:
    """The trained engine of this name. Raises ConfigError if the engine is unknown or needs no training."""
    engine = ENGINES[name]
    if not isinstance(engine, TrainedEngine):
        raise ConfigError(
            f"engine {name!r} is not trained, so it cannot be evaluated; choose a trained engine"
        )
    return engine
