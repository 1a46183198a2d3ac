"""`coinspark entities`: what its user sees of measuring an engine and of the proposals."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from pyspark.sql import SparkSession
from typer.testing import CliRunner

from coinspark.cli import app as cli
from coinspark.config import Config
from coinspark.core.errors import InputError
from coinspark.warehouse import schemas, tables
from tests.entities.synthetic_names import OBJECTS, PERSONS, write_lists


@pytest.fixture
def designs(tmp_path: Path) -> Path:
    """A configuration whose lists and designs are made up: every person with every object, in English alone."""
    write_lists(tmp_path, 10)
    texts = [
        f"{person} {how}, holding {thing}."
        for person in PERSONS[:10]
        for thing in OBJECTS[:10]
        for how in ("left", "seated")
    ]
    (tmp_path / "designs.csv").write_text("text_en\n" + "".join(f'"{text}"\n' for text in texts))
    file = tmp_path / "mine.yaml"
    recogniser = {"designs": str(tmp_path / "designs.csv"), "passes": 30, "vectors": 16}
    file.write_text(
        yaml.safe_dump(
            {
                "warehouse": str(tmp_path / "warehouse"),
                "entities": {"lists": str(tmp_path), "recogniser": recogniser},
            }
        )
    )
    return file


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["published", "unseen"])
def test_an_engine_is_measured_on_designs_alone(designs: Path, tmp_path: Path, protocol: str) -> None:
    done = CliRunner().invoke(
        cli.app,
        [
            "entities",
            "evaluate",
            "--protocol",
            protocol,
            "--config",
            str(designs),
            "--format",
            "csv",
            "--false",
            str(tmp_path / "false.csv"),
        ],
        catch_exceptions=False,
    )
    rows = {row["category"]: row for row in csv.DictReader(io.StringIO(done.stdout))}
    both = rows["PERSON+OBJECT"]
    assert (both["engine"], both["language"], both["protocol"]) == ("spacy", "en", protocol)
    # Published: 50 of the 200 texts, two mentions each. Unseen: each name is held out once, with its 20 texts.
    assert int(both["mentions"]) == (100 if protocol == "published" else 400)
    assert float(both["recall"]) > 0.8
    assert "there is no text in 'de' to measure spacy on" in done.stderr
    with (tmp_path / "false.csv").open(encoding="utf-8", newline="") as lines:
        wrong = list(csv.DictReader(lines))
    assert len(wrong) == int(rows["all"]["false"])
    assert all(one["text"][int(one["start"]) : int(one["end"])] == one["form"] for one in wrong)


def test_a_wrong_file_of_designs_is_named(designs: Path, tmp_path: Path) -> None:
    call = ["entities", "evaluate", "--protocol", "unseen", "--config", str(designs), "--set"]
    with pytest.raises(InputError, match=r"designs: .*gone\.csv cannot be read"):
        CliRunner().invoke(
            cli.app, [*call, f"entities.recogniser.designs={tmp_path}/gone.csv"], catch_exceptions=False
        )
    with pytest.raises(
        InputError, match="has none of the columns text_en, text_de; it has name, name_german"
    ):
        CliRunner().invoke(
            cli.app,
            [*call, f"entities.recogniser.designs={tmp_path}/list_person.csv"],
            catch_exceptions=False,
        )


def test_proposals_are_written_the_frequent_first_and_never_over_a_file(
    spark: SparkSession, config: Config, tmp_path: Path
) -> None:
    tables.create(spark, config)
    rows = [
        ("en", "PERSON", "Nemesis", 2, [("a", 0, 7, "Nemesis left.")], [("Nero", 0.4)]),
        ("en", "OBJECT", "rudder", 9, [], []),
    ]
    made = tables.stage(spark, config, "proposals", spark.createDataFrame(rows, schemas.PROPOSALS.ddl))
    tables.publish(spark, config, made)
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(config.model_dump(mode="json")))
    out = tmp_path / "proposals.csv"
    call = ["entities", "proposals", "--config", str(file), "--out", str(out)]
    assert CliRunner().invoke(cli.app, call, catch_exceptions=False).exit_code == 0
    lines = list(csv.DictReader(out.open(encoding="utf-8", newline="")))
    assert [(line["name"], line["texts"], line["nearest"], line["examples"]) for line in lines] == [
        ("rudder", "9", "", ""),
        ("Nemesis", "2", "Nero (0.40)", "[Nemesis] left."),
    ]
    with pytest.raises(InputError, match="is there already, perhaps with verdicts in it"):
        CliRunner().invoke(cli.app, call, catch_exceptions=False)


@pytest.mark.slow
def test_a_session_without_spark_nlps_jars_says_how_to_get_them(designs: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "coinspark.cli",
            "entities",
            "evaluate",
            "--engine",
            "sparknlp",
            "--protocol",
            "published",
            "--config",
            str(designs),
            "--set",
            f"spark.sparknlp_jars={tmp_path}/none",
            "--set",
            f"warehouse={tmp_path}/warehouse",
        ],
        capture_output=True,
        text=True,
        timeout=180,
    )
    assert done.returncode == 1
    assert "sparknlp needs Spark NLP's jars" in done.stderr
    assert "`make setup` fetches them" in done.stderr
    assert "Traceback" not in done.stderr
