"""Every trained engine on a few hundred regular designs: it finds unseen names, and spans fit the texts."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest
from pyspark.sql import SparkSession

from coinspark.config import Entities, Recogniser, load
from coinspark.core.errors import ConfigError
from coinspark.entities.engines import ENGINES
from coinspark.entities.engines.engine import TrainedEngine, TrainingData, trained_engine
from coinspark.entities.ner import unverified
from coinspark.entities.ner.annotated import AnnotatedText, Span
from coinspark.warehouse.files import Location
from coinspark.warehouse.local_frame import local_frame
from tests.entities.synthetic_names import FORMS, designs

UNSEEN = "Tyche standing left, holding rudder in right hand."
TEXTS = "text_id string, language string, text string"


class TrainedModel(NamedTuple):
    """An engine and the folder of its model."""

    engine: TrainedEngine
    folder: Location

    def find(self, *texts: str) -> list[list[Span]]:
        return self.engine.find(self.folder, texts)


@pytest.fixture(scope="module", params=["spacy", pytest.param("sparknlp", marks=pytest.mark.slow)])
def model(
    request: pytest.FixtureRequest, spark: SparkSession, tmp_path_factory: pytest.TempPathFactory
) -> TrainedModel:
    trained = TrainedModel(
        trained_engine(request.param), Location.of(tmp_path_factory.mktemp("recogniser") / "en")
    )
    data = TrainingData(designs(), "en", Recogniser(epochs=12, vector_size=16), 1, (UNSEEN,))
    trained.engine.train(data, trained.folder, lambda line: None)
    return trained


def test_model_finds_unseen_names(model: TrainedModel) -> None:
    assert model.find(UNSEEN) == [[Span(0, 5, "PERSON"), Span(29, 35, "OBJECT")]]


def test_model_finds_all_names_of_its_training_texts(model: TrainedModel) -> None:
    texts = designs()[:50]
    assert model.find(*[text.text for text in texts]) == [
        [mention.span for mention in text.mentions] for text in texts
    ]


def test_model_finds_known_names_in_any_context(model: TrainedModel) -> None:
    assert model.find("cup Zeus cup") == [[Span(0, 3, "OBJECT"), Span(4, 8, "PERSON"), Span(9, 12, "OBJECT")]]


def test_model_finds_names_beside_hyphens_and_punctuation(model: TrainedModel) -> None:
    text = "Zeus's head right, cup-bearer with (torch), bow?"
    assert {"Zeus", "cup", "torch", "bow"} <= {text[span.start : span.end] for span in model.find(text)[0]}


@pytest.mark.fault(16)
def test_spans_lie_within_unusual_texts(model: TrainedModel) -> None:
    texts = [
        "",
        " ",
        "\x00\x07",
        "ΑΘΗΝΑ Σοφία καὶ Ζεύς",
        "a\u0301 e\u0301",
        "\U0001d11e Zeus seated, \U0001d11e holding cup.",
    ]
    spans = model.find(*texts)
    assert spans[:2] == [[], []]
    assert len(spans) == len(texts)
    assert all(
        0 <= span.start < span.end <= len(text)
        for text, spans_of_text in zip(texts, spans, strict=True)
        for span in spans_of_text
    )


@pytest.mark.fault(16)
def test_text_of_a_megabyte_is_searched_to_its_end(model: TrainedModel) -> None:
    text = "cup " * 5_000 + " " * 1_000_000 + "Zeus"
    (spans,) = model.find(text)
    assert spans[:2] == [Span(0, 3, "OBJECT"), Span(4, 7, "OBJECT")]
    assert spans[-1] == Span(len(text) - 4, len(text), "PERSON")


def test_annotate_returns_linked_rows_that_fit_the_texts(model: TrainedModel, spark: SparkSession) -> None:
    texts = {
        "a": ("en", "Zeus seated, holding cup in left hand."),
        "c": ("de", "Zeus thront nach links."),
        "b": ("en", "Tyche standing left, holding cup in right hand."),
        "d": ("en", ""),
    }
    frame = local_frame(spark, [(key, *value) for key, value in texts.items()], TEXTS)
    rows = model.engine.annotate(frame, {"en": model.folder}, FORMS).collect()
    assert all(texts[row["text_id"]][1][row["start"] : row["end"]] == row["form"] for row in rows)
    assert sorted(
        (row["text_id"], row["form"], row["name"], row["category"], row["link"], row["kinds"]) for row in rows
    ) == [
        ("a", "Zeus", "Zeus", "PERSON", "link/Zeus", []),
        ("a", "cup", "cup", "OBJECT", None, []),
        ("b", "Tyche", None, "PERSON", None, []),
        ("b", "cup", "cup", "OBJECT", None, []),
    ]
    assert not any(row["unverified"] for row in rows), "no training text contains Tyche"


def test_entity_is_unverified_if_a_training_text_contains_it_unannotated(
    model: TrainedModel, spark: SparkSession, tmp_path: Path
) -> None:
    assert (model.folder / unverified.FILE).read_text() == (
        "in left hand .\nin right hand .\nseated , holding\nstanding left , holding\n"
    )
    folder = Location.of(tmp_path / "en")
    model.folder.download(tmp_path / "en")
    unverified.write_phrases([AnnotatedText("Tyche left", ())], folder)  # as if it were a training text
    frame = local_frame(spark, [("a", "en", UNSEEN)], TEXTS)
    rows = model.engine.annotate(frame, {"en": folder}, FORMS).collect()
    assert sorted((row["form"], row["unverified"]) for row in rows) == [("Tyche", True), ("rudder", False)]


def test_lexicon_is_registered_and_not_trained() -> None:
    assert set(ENGINES) == {"lexicon", "spacy", "sparknlp"}
    with pytest.raises(ConfigError, match="engine 'lexicon' is not trained"):
        trained_engine("lexicon")


def test_unknown_engine_stops_with_the_nearest_name() -> None:
    with pytest.raises(
        ConfigError, match=r"entities\.engines: unknown engine 'spcy'; did you mean 'spacy'\?"
    ):
        load([], ["entities.engines=[spcy]"])
    with pytest.raises(ConfigError, match=r"entities\.engines: engine 'no_module:ENGINE' cannot be imported"):
        load([], ["entities.engines=['no_module:ENGINE']"])


def test_priority_names_configured_engines() -> None:
    assert Entities(engines=("lexicon", "spacy")).engines_by_priority == ("lexicon", "spacy")
    assert Entities(engines=("lexicon", "spacy"), priority=("spacy",)).engines_by_priority == ("spacy",)
    with pytest.raises(ConfigError, match=r"'spacy' is not one of entities\.engines: lexicon"):
        load([], ["entities.priority=[spacy]"])
