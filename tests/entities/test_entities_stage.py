"""The stage `entities`: each distinct text is annotated once; trained engines add proposals."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession

from coinspark.config import Config, Entities, Recogniser
from coinspark.core.errors import InputError
from coinspark.core.hashing import folder_hash
from coinspark.entities import stage
from coinspark.entities.engines import spacy_engine
from coinspark.entities.engines.engine import TrainingData
from coinspark.pipeline.stage import Context
from coinspark.warehouse.files import Location
from coinspark.warehouse.local_frame import local_frame
from coinspark.warehouse.schemas import COINS, ENTITIES
from tests.entities import synthetic_names
from tests.entities.synthetic_names import OBJECTS, PERSONS, write_lists

HEADER = (
    "id,name_en,name_ger,description,alternativenames_en,alternativenames_ger,typos_en,typos_ger,link,Cat_I\n"
)
VERDICTS_HEADER = "verdict,name,category,language,canonical\n"


def coins(
    spark: SparkSession, *descriptions: list[tuple[str, str | None, str | None, str | None]]
) -> DataFrame:
    rows = [
        (str(number), "original", "Pergamon", [], "t", None, None, None, None, texts, None, None)
        for number, texts in enumerate(descriptions)
    ]
    return local_frame(spark, rows, COINS.ddl)


def build(
    spark: SparkSession, folder: Path, config: Config, table: DataFrame, messages: list[str]
) -> tuple[DataFrame, DataFrame]:
    """The tables `entities` and `proposals`."""
    frames = stage.build(
        Context(
            spark, config, lambda name: table, Location.of(folder), lambda line: None, notice=messages.append
        )
    )
    entities, proposals = frames["entities"], frames["proposals"]
    assert isinstance(entities, DataFrame)
    assert isinstance(proposals, DataFrame)
    return entities, proposals


def lexicon_config(lists: Path | None, **settings: object) -> Config:
    folder = str(lists) if lists else None
    return Config(entities=Entities.model_validate({"lists": folder, "languages": ("en",), **settings}))


def test_text_of_several_coins_is_annotated_once(spark: SparkSession, tmp_path: Path) -> None:
    lines = ("1,owl,Eule,NULL,owls,,,,L,A", "2,arch,Bogen,,,,,,,A", "3,bow,Bogen,,,,,,,A")
    (tmp_path / "list_obj.csv").write_text(HEADER + "\n".join(lines))
    long = "x" * 1_000_000 + " owl Σοφία"
    table = coins(
        spark,
        [("obverse", "en", "Two owls", "a"), ("reverse", "en", None, None)],
        [("reverse", "en", "Two owls", "a")],
        [("obverse", "de", "Eule", "b")],
        [("obverse", "en", long, "c")],
        [("obverse", "en", "", "d")],
        [],
    )
    messages: list[str] = []
    entities, _ = build(spark, tmp_path, lexicon_config(tmp_path), table, messages)
    assert entities.columns == list(ENTITIES.columns)
    rows = sorted((*tuple(row)[:6], row["link"]) for row in entities.collect())
    assert rows == [
        ("a", "lexicon", 4, 8, "owls", "owl", "L"),
        ("c", "lexicon", 1_000_001, 1_000_004, "owl", "owl", "L"),
    ]
    assert any("1 forms belong to several entries, 0 of them resolved" in line for line in messages)
    assert any("ambiguous, not searched for: Bogen (de: " in line for line in messages)


def test_build_without_lists_gives_an_empty_table_and_a_message(spark: SparkSession, tmp_path: Path) -> None:
    messages: list[str] = []
    entities, _ = build(spark, tmp_path, lexicon_config(None), coins(spark, []), messages)
    assert entities.count() == 0
    assert messages == ["entities: no lists are configured (entities.lists), so no entities are found"]


def test_build_with_a_folder_without_lists_stops(spark: SparkSession, tmp_path: Path) -> None:
    config = lexicon_config(tmp_path)
    with pytest.raises(InputError, match=r"entities\.lists: no list in"):
        build(spark, tmp_path, config, coins(spark, []), [])
    with pytest.raises(InputError, match=r"entities\.lists: no list in"):
        stage.STAGE.outside(config)
    assert stage.STAGE.outside(Config()) is None


def test_stage_names_the_modules_of_the_configured_engines() -> None:
    config = Config(entities=Entities(engines=("lexicon", "spacy")))
    assert stage.STAGE.modules(config) == (
        "coinspark.entities.engines.lexicon_engine",
        "coinspark.entities.engines.spacy_engine",
    )


def test_engine_from_outside_is_named_in_its_rows(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = """
        from pyspark.sql import functions as F
        from coinspark.entities.engines import lexicon_engine
        from coinspark.entities.engines.engine import Engine

        def annotate(texts, models, forms):
            return lexicon_engine.annotate(texts, models, forms).withColumn("category", F.lit("PLANT"))

        ENGINE = Engine(annotate)
        """
    (tmp_path / "toy_engine.py").write_text(textwrap.dedent(source))
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "list_obj.csv").write_text(HEADER + "1,owl,Eule,NULL,owls,,,,L,A")
    table = coins(spark, [("obverse", "en", "Two owls", "a")])
    config = lexicon_config(tmp_path, engines=("lexicon", "toy_engine:ENGINE"))
    entities, _ = build(spark, tmp_path, config, table, [])
    assert sorted((row["engine"], row["name"], row["category"]) for row in entities.collect()) == [
        ("lexicon", "owl", "OBJECT"),
        ("toy_engine:ENGINE", "owl", "PLANT"),
    ]


def trained_config(folder: Path, **settings: object) -> Config:
    """Lists of `folder`, engines lexicon and spacy."""
    entities = Entities.model_validate(
        {
            "lists": str(folder),
            "languages": ("en", "de"),
            "engines": ("lexicon", "spacy"),
            "recogniser": {"epochs": 12, "vector_size": 0},
            **settings,
        }
    )
    return Config(warehouse=str(folder / "warehouse"), entities=entities)


@pytest.mark.slow
def test_unlisted_name_is_proposed_until_a_verdict(spark: SparkSession, tmp_path: Path) -> None:
    write_lists(tmp_path, 8)
    texts = [f"{person} standing, holding {item}." for person in PERSONS[:8] for item in OBJECTS[:8]]
    texts.append("Tyche standing, holding cup.")
    table = coins(spark, *([("obverse", "en", text, str(number))] for number, text in enumerate(texts)))
    messages: list[str] = []

    def run(**settings: object) -> tuple[DataFrame, DataFrame]:
        return build(spark, tmp_path, trained_config(tmp_path, **settings), table, messages)

    def models() -> list[str]:
        return sorted(path.name for path in (tmp_path / "warehouse" / "recognisers").iterdir())

    entities, proposals = run()
    assert any("spacy not trained for 'de': 0 texts" in line for line in messages), "English is trained"
    assert {row["engine"] for row in entities.select("engine").distinct().collect()} == {"lexicon", "spacy"}
    tyche = entities.where("form = 'Tyche'").collect()
    assert [(row["name"], row["unverified"]) for row in tyche] == [(None, True)], (
        "a training text contains her unannotated"
    )
    assert entities.where("unverified IS NULL OR (unverified AND engine = 'lexicon')").isEmpty()
    (row,) = (row for row in proposals.collect() if row["name"] == "Tyche")
    assert (row["category"], row["texts"], row["examples"][0]["text"]) == (
        "PERSON",
        1,
        "Tyche standing, holding cup.",
    )

    stored = models()
    folder = next(name for name in stored if name.startswith("spacy-en-"))
    used = stage.STAGE.files(trained_config(tmp_path), lambda name: table)
    model = f"recognisers/{folder}/model"
    assert used == {model: folder_hash(tmp_path / "warehouse" / model)}
    assert stage.STAGE.files(trained_config(tmp_path, engines=("lexicon",)), lambda name: table) == {}
    file = tmp_path / "verdicts.csv"
    file.write_text(f"{VERDICTS_HEADER}refuse,Tyche,PERSON,en,\n")
    assert "Tyche" not in {row["name"] for row in run(verdicts=str(file))[1].collect()}
    assert models() == stored, "the model is trained once"
    assert f"entities: {file}: 0 accepted, 1 refused, 0 left open" in messages

    file.write_text(f"{VERDICTS_HEADER}accept,Tyche,PERSON,en,Tyche of Antioch\n")
    listed = run(verdicts=str(file), engines=("lexicon",))[0]
    assert [row["form"] for row in listed.where("name = 'Tyche of Antioch'").collect()] == ["Tyche"]


@pytest.mark.slow
def test_pretrained_recogniser_is_used_without_training(spark: SparkSession, tmp_path: Path) -> None:
    write_lists(tmp_path)
    folder = tmp_path / "pretrained"
    data = TrainingData(synthetic_names.designs(), "en", Recogniser(epochs=8, vector_size=16), 1)
    spacy_engine.train(data, Location.of(folder), lambda line: None)
    table = coins(spark, [("obverse", "en", "Tyche standing left, holding cup in right hand.", "a")])
    pretrained = {"en": {"path": str(folder), "sha256": folder_hash(folder)}}
    config = trained_config(
        tmp_path, engines=("spacy",), languages=("en",), recogniser={"pretrained": pretrained}
    )
    entities, _ = build(spark, tmp_path, config, table, [])
    assert sorted(
        (row["form"], row["name"], row["engine"], row["unverified"]) for row in entities.collect()
    ) == [("Tyche", None, "spacy", False), ("cup", "cup", "spacy", False)], (
        "verified: these coins were not training texts"
    )
    assert not (tmp_path / "warehouse").exists(), "nothing was trained"

    (folder / "meta.json").write_text("{}")
    with pytest.raises(InputError, match=r"pretrained: not loaded; expected SHA-256 .*, found "):
        build(spark, tmp_path, config, table, [])
