"""The stage: distinct texts once, every promised column, and a line for what was not done."""

from __future__ import annotations

from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession

from coinspark.config import Config, Entities, Recogniser
from coinspark.core.errors import InputError
from coinspark.entities import stage
from coinspark.entities.engines import spacy_engine
from coinspark.entities.ner import model_store
from coinspark.pipeline.stage import Context
from coinspark.warehouse.schemas import COINS, ENTITIES
from tests.entities import synthetic_names
from tests.entities.synthetic_names import OBJECTS, PERSONS, write_lists

HEAD = (
    "id,name_en,name_ger,description,alternativenames_en,alternativenames_ger,typos_en,typos_ger,link,Cat_I\n"
)


def coins(
    spark: SparkSession, *descriptions: list[tuple[str, str | None, str | None, str | None]]
) -> DataFrame:
    rows = [
        (str(n), "original", "Pergamon", [], "t", None, None, None, None, texts, None)
        for n, texts in enumerate(descriptions)
    ]
    return spark.createDataFrame(rows, COINS.ddl)


def build(
    spark: SparkSession, place: Path, table: DataFrame, lists: str | None, said: list[str]
) -> DataFrame:
    config = Config(entities=Entities(lists=lists, languages=("en",)))
    built = stage.build(Context(spark, config, lambda name: table, place, said.append))["entities"]
    assert isinstance(built, DataFrame)
    return built


def test_a_text_on_many_coins_is_annotated_once(spark: SparkSession, tmp_path: Path) -> None:
    lines = ("1,owl,Eule,NULL,owls,,,,L,A", "2,arch,Bogen,,,,,,,A", "3,bow,Bogen,,,,,,,A")
    (tmp_path / "list_obj.csv").write_text(HEAD + "\n".join(lines))
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
    said: list[str] = []
    made = build(spark, tmp_path, table, str(tmp_path), said)
    assert made.columns == list(ENTITIES.columns)
    rows = sorted((*tuple(row)[:6], row["link"]) for row in made.collect())
    assert rows == [
        ("a", "lexicon", 4, 8, "owls", "owl", "L"),
        ("c", "lexicon", 1_000_001, 1_000_004, "owl", "owl", "L"),
    ]
    assert any("1 forms are claimed twice" in line for line in said) and any("Bogen" in line for line in said)


def test_without_lists_there_is_an_empty_table_and_a_line_that_says_so(
    spark: SparkSession, tmp_path: Path
) -> None:
    said: list[str] = []
    assert build(spark, tmp_path, coins(spark, []), None, said).count() == 0
    assert said == ["entities: no lists are configured (entities.lists), so no entities are found"]


def test_a_folder_without_lists_stops(spark: SparkSession, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds no list"):
        build(spark, tmp_path, coins(spark, []), str(tmp_path), [])
    with pytest.raises(InputError, match="holds no list"):
        stage.outside(Config(entities=Entities(lists=str(tmp_path))))
    assert stage.outside(Config()) is None


def designs(spark: SparkSession) -> DataFrame:
    """Coins that show every person with every object; one shows a person that no list has."""
    texts = [f"{person} standing, holding {thing}." for person in PERSONS[:8] for thing in OBJECTS[:8]]
    texts.append("Tyche standing, holding cup.")
    return coins(spark, *([("obverse", "en", text, str(n))] for n, text in enumerate(texts)))


def trained(place: Path, **settings: object) -> Config:
    """A configuration with the lists of `place` and both engines."""
    entities = Entities.model_validate(
        {
            "lists": str(place),
            "languages": ("en", "de"),
            "engines": ("lexicon", "spacy"),
            "recogniser": {"passes": 12, "vectors": 0},
            **settings,
        }
    )
    return Config(warehouse=str(place / "warehouse"), entities=entities)


@pytest.mark.slow
def test_a_trained_engine_proposes_what_no_list_has_until_the_keepers_have_spoken(
    spark: SparkSession, tmp_path: Path
) -> None:
    write_lists(tmp_path, 8)
    table, said = designs(spark), list[str]()

    def run(config: Config) -> tuple[DataFrame, DataFrame]:
        built = stage.build(Context(spark, config, lambda name: table, tmp_path, said.append))
        entities, proposals = built["entities"], built["proposals"]
        assert isinstance(entities, DataFrame)
        assert isinstance(proposals, DataFrame)
        return entities, proposals

    entities, proposals = run(trained(tmp_path))
    assert any("spacy has 0 texts in 'de' to learn from" in line for line in said), (
        "the other language goes on"
    )
    assert {row["engine"] for row in entities.select("engine").distinct().collect()} == {"lexicon", "spacy"}
    tyche = entities.where("form = 'Tyche'").collect()
    assert [(row["name"], row["unverified"]) for row in tyche] == [(None, True)], (
        "a text to learn from has her as no name"
    )
    assert entities.where("unverified IS NULL OR (unverified AND engine = 'lexicon')").isEmpty()
    (row,) = (row for row in proposals.collect() if row["name"] == "Tyche")
    assert (row["category"], row["texts"], row["examples"][0]["text"]) == (
        "PERSON",
        1,
        "Tyche standing, holding cup.",
    )

    stood = sorted(path.name for path in (tmp_path / "warehouse" / "recognisers").iterdir())
    verdict = tmp_path / "verdicts.csv"
    verdict.write_text("verdict,name,category,language,canonical\nrefuse,Tyche,PERSON,en,\n")
    assert "Tyche" not in {row["name"] for row in run(trained(tmp_path, verdicts=str(verdict)))[1].collect()}
    assert sorted(path.name for path in (tmp_path / "warehouse" / "recognisers").iterdir()) == stood, (
        "trained once"
    )

    verdict.write_text("verdict,name,category,language,canonical\naccept,Tyche,PERSON,en,Tyche of Antioch\n")
    by_list = run(trained(tmp_path, verdicts=str(verdict), engines=("lexicon",)))[0]
    assert [row["form"] for row in by_list.where("name = 'Tyche of Antioch'").collect()] == ["Tyche"]


@pytest.mark.slow
def test_a_recogniser_of_ones_own_is_used_as_it_is(spark: SparkSession, tmp_path: Path) -> None:
    write_lists(tmp_path)
    given = tmp_path / "given"
    spacy_engine.train(
        synthetic_names.designs(), "en", Recogniser(passes=8, vectors=16), 1, given, lambda line: None
    )
    table, said = (
        coins(spark, [("obverse", "en", "Tyche standing left, holding cup in right hand.", "a")]),
        list[str](),
    )
    pretrained = {"en": {"path": str(given), "sha256": model_store.digest(given)}}
    config = trained(tmp_path, engines=("spacy",), languages=("en",), recogniser={"pretrained": pretrained})
    entities = stage.build(Context(spark, config, lambda name: table, tmp_path, said.append))["entities"]
    assert isinstance(entities, DataFrame)
    assert sorted(
        (row["form"], row["name"], row["engine"], row["unverified"]) for row in entities.collect()
    ) == [("Tyche", None, "spacy", False), ("cup", "cup", "spacy", False)], (
        "it has not learnt from these coins"
    )
    assert not (tmp_path / "warehouse").exists(), "nothing was trained"

    (given / "meta.json").write_text("{}")
    with pytest.raises(
        InputError, match=r"given: the recogniser's SHA-256 is .* was expected; it was not loaded"
    ):
        stage.build(Context(spark, config, lambda name: table, tmp_path, said.append))
