"""`coinspark entities`: help of all subcommands, evaluation of an engine, export of proposals."""

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
from coinspark.core.errors import ConfigError, InputError
from coinspark.warehouse import schemas, tables
from coinspark.warehouse.local_frame import local_frame
from tests.entities.synthetic_names import OBJECTS, PERSONS, write_lists


@pytest.fixture
def config_file(tmp_path: Path) -> Path:
    """A configuration with synthetic lists and English designs: every person with every object."""
    write_lists(tmp_path, 10)
    texts = [
        f"{person} {pose}, holding {item}."
        for person in PERSONS[:10]
        for item in OBJECTS[:10]
        for pose in ("left", "seated")
    ]
    (tmp_path / "designs.csv").write_text("text_en\n" + "".join(f'"{text}"\n' for text in texts))
    recogniser = {"designs": str(tmp_path / "designs.csv"), "epochs": 12, "vector_size": 16}
    settings = {
        "warehouse": str(tmp_path / "warehouse"),
        "entities": {"lists": str(tmp_path), "recogniser": recogniser},
    }
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(settings))
    return file


def evaluate_arguments(config_file: Path, *arguments: str, protocol: str = "published") -> list[str]:
    return ["entities", "evaluate", "--protocol", protocol, "--config", str(config_file), *arguments]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), ("evaluate", "proposals", "--engine")),
        (("evaluate",), ("--protocol", "--engine", "--false-positives")),
        (("proposals",), ("--out", "--build", "entities.verdicts")),
    ],
)
def test_help_lists_options(arguments: tuple[str, ...], expected: tuple[str, ...]) -> None:
    result = CliRunner().invoke(cli.app, ["entities", *arguments, "--help"], catch_exceptions=False)
    assert result.exit_code == 0
    assert all(text in result.stdout for text in expected)


@pytest.mark.parametrize(
    "options", [["--force"], ["--set", "seed=1"], ["--engine", "spacy"], ["-c", "a.yaml"]]
)
def test_options_before_a_subcommand_are_refused(options: list[str]) -> None:
    result = CliRunner().invoke(cli.app, ["entities", *options, "proposals"])
    assert result.exit_code == 2
    assert "give the options after `proposals`" in result.stderr


@pytest.mark.parametrize("override", ["entities.engines=[lexicon]", "entities.priority=[lexicon]"])
@pytest.mark.parametrize("command", [[], ["evaluate", "--protocol", "unseen"]])
def test_engines_of_both_options_are_refused(config_file: Path, override: str, command: list[str]) -> None:
    arguments = [*command, "--engine", "spacy", "--set", override, "--config", str(config_file)]
    with pytest.raises(ConfigError) as error:
        CliRunner().invoke(cli.app, ["entities", *arguments], catch_exceptions=False)
    assert str(error.value).startswith(f"--set {override}: has no effect: --engine sets the engines")


@pytest.mark.slow
@pytest.mark.parametrize("protocol", ["published", "unseen"])
def test_evaluate_measures_an_engine_on_designs(config_file: Path, tmp_path: Path, protocol: str) -> None:
    false_file = tmp_path / "false.csv"
    arguments = evaluate_arguments(
        config_file, "--format", "csv", "--false-positives", str(false_file), protocol=protocol
    )
    result = CliRunner().invoke(cli.app, arguments, catch_exceptions=False)
    rows = {row["category"]: row for row in csv.DictReader(io.StringIO(result.stdout))}
    both = rows["PERSON+OBJECT"]
    assert (both["engine"], both["language"], both["protocol"]) == ("spacy", "en", protocol)
    # published: 50 of the 200 texts, two mentions each; unseen: each name is held out once, with its 20 texts
    assert int(both["mentions"]) == (100 if protocol == "published" else 400)
    assert float(both["recall"]) > 0.8
    assert "no texts in 'de'; spacy is not evaluated on it" in result.stderr
    with false_file.open(encoding="utf-8-sig", newline="") as lines:
        false = list(csv.DictReader(lines))
    assert len(false) == int(rows["all"]["false"])
    assert all(row["text"][int(row["start"]) : int(row["end"])] == row["form"] for row in false)


def test_evaluate_with_wrong_designs_names_the_file(config_file: Path, tmp_path: Path) -> None:
    def run(designs: str) -> None:
        arguments = evaluate_arguments(
            config_file, "--set", f"entities.recogniser.designs={tmp_path}/{designs}", protocol="unseen"
        )
        CliRunner().invoke(cli.app, arguments, catch_exceptions=False)

    with pytest.raises(InputError, match=r"designs: .*gone\.csv cannot be read"):
        run("gone.csv")
    with pytest.raises(InputError, match="expected a column text_en or text_de; found name, name_german"):
        run("list_person.csv")


@pytest.mark.parametrize(
    ("engine", "message"),
    [
        ("lexicon", "engine 'lexicon' is not trained"),
        ("spcy", "unknown engine 'spcy'; did you mean 'spacy'?"),
    ],
)
def test_evaluate_refuses_engines_that_are_not_trained(config_file: Path, engine: str, message: str) -> None:
    with pytest.raises(ConfigError) as error:
        CliRunner().invoke(
            cli.app, evaluate_arguments(config_file, "--engine", engine), catch_exceptions=False
        )
    assert message in str(error.value)


def test_proposals_are_exported_by_frequency_and_never_over_a_file(
    spark: SparkSession, config: Config, tmp_path: Path
) -> None:
    tables.create(spark, config)
    rows = [
        ("en", "PERSON", "Nemesis", 2, [("a", 0, 7, "Nemesis left.")], [("Nero", 0.4)]),
        ("en", "OBJECT", "rudder", 9, [], []),
    ]
    staged = tables.stage(spark, config, "proposals", local_frame(spark, rows, schemas.PROPOSALS.ddl))
    tables.publish(spark, config, staged)
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(config.model_dump(mode="json")))
    out = tmp_path / "proposals.csv"
    arguments = ["entities", "proposals", "--config", str(file)]
    assert CliRunner().invoke(cli.app, [*arguments, "--out", str(out)], catch_exceptions=False).exit_code == 0
    with out.open(encoding="utf-8-sig", newline="") as lines:
        exported = list(csv.DictReader(lines))
    assert [(row["name"], row["texts"], row["nearest"], row["examples"]) for row in exported] == [
        ("rudder", "9", "", ""),
        ("Nemesis", "2", "Nero (0.40)", "[Nemesis] left."),
    ]
    printed = CliRunner().invoke(cli.app, arguments, catch_exceptions=False)
    assert printed.stdout == out.read_text(encoding="utf-8-sig")
    printed = CliRunner().invoke(cli.app, [*arguments, "--separator", "semicolon"], catch_exceptions=False)
    assert printed.stdout.startswith("verdict;name;")
    with pytest.raises(InputError, match="the file exists and may contain verdicts"):
        CliRunner().invoke(cli.app, [*arguments, "--out", str(out)], catch_exceptions=False)


@pytest.mark.slow
def test_session_without_spark_nlp_jars_explains_how_to_get_them(config_file: Path, tmp_path: Path) -> None:
    overrides = ["--set", f"spark.sparknlp_jars={tmp_path}/none", "--set", f"warehouse={tmp_path}/warehouse"]
    arguments = evaluate_arguments(config_file, "--engine", "sparknlp", *overrides)
    result = subprocess.run(
        [sys.executable, "-m", "coinspark.cli", *arguments], capture_output=True, text=True, timeout=180
    )
    assert result.returncode == 1
    assert "sparknlp needs Spark NLP's jars" in result.stderr
    assert "`make setup` fetches them" in result.stderr
    assert "Traceback" not in result.stderr
