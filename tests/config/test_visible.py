"""Secrets planted in a configuration are shown by no command, report or message."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from coinspark.cli import app as cli
from coinspark.config import Config, Section, load
from coinspark.config.visible import visible_settings, without_secrets
from coinspark.core.errors import ConfigError

SECRET = "hunter2"
SPARK = {
    "spark.hadoop.fs.s3a.secret.key": SECRET,
    "spark.hadoop.fs.s3a.access.key": SECRET,
    "spark.hadoop.fs.s3a.session.token": SECRET,
    "spark.hadoop.fs.azure.account.key.coins.dfs.core.windows.net": SECRET,
    "spark.hadoop.fs.azure.sas.photos.coins": f"sv=1&sig={SECRET}",
    "spark.hadoop.google.cloud.auth.service.account.private.key": SECRET,
    "spark.hadoop.javax.jdo.option.ConnectionURL": f"jdbc:mysql://db?password={SECRET}",
    "spark.authenticate.secret": SECRET,
    "spark.ssl.keyStorePassword": SECRET,
    "spark.executorEnv.PIN": SECRET,
    "spark.yarn.appMasterEnv.AWS_SECRET_ACCESS_KEY": SECRET,
    "spark.driver.extraJavaOptions": f"-Ddb.pw={SECRET}",
    "spark.executor.extraJavaOptions": f"-Ddb.pw={SECRET}",
    "spark.redaction.string.regex": SECRET,
    "spark.jars": f"https://anna:{SECRET}@host/a.jar,https://host/b.jar?sig={SECRET}",
    "spark.hadoop.fs.defaultFS": f"hdfs://{SECRET}@host",
    "spark.sql.catalog.other.password": SECRET,
    "spark.sql.catalog.other.uri": f"https://host/x?token={SECRET}",
    "spark.sql.catalog.other.header.Authorization": f"Bearer {SECRET}",
    "spark.x": SECRET,
}
CATALOG = {
    "type": "jdbc",
    "uri": f"jdbc:postgresql://anna:{SECRET}@db/coins?password={SECRET}",
    "jdbc.password": SECRET,
    "jdbc.user": SECRET,
    "credential": f"id:{SECRET}",
    "token": SECRET,
    "oauth2-server-uri": f"https://host/token?key={SECRET}",
    "s3.secret-access-key": SECRET,
    "header.X-Api-Key": SECRET,
    "pw": SECRET,
}
PLANTED = {"spark": {"conf": SPARK}, "catalog": {"properties": CATALOG}}
HARMLESS = {
    "spark.executor.memory": "8g",
    "spark.speculation": "false",
    "spark.sql.adaptive.enabled": "false",
}


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    file = tmp_path / "planted.yaml"
    file.write_text(yaml.safe_dump(PLANTED))
    return file


@pytest.mark.parametrize("command", ["check", "spark-conf"])
def test_commands_show_no_secret(planted: Path, command: str) -> None:
    result = CliRunner().invoke(cli.app, [command, "--config", str(planted)])
    assert result.exit_code == 0
    assert SECRET not in result.output and SECRET not in result.stderr


def test_spark_conf_names_what_it_leaves_out_and_prints_the_rest(planted: Path) -> None:
    settings = ["--set", f"spark.conf={HARMLESS}"]
    result = CliRunner().invoke(cli.app, ["spark-conf", "--config", str(planted), *settings])
    printed = dict(line.split(" ", 1) for line in result.stdout.splitlines())
    hidden = result.stderr.split("may be secrets: ")[1].split("; ")[0].split(", ")
    expected = {**SPARK, **{f"spark.sql.catalog.coinspark.{key}": value for key, value in CATALOG.items()}}
    del expected["spark.sql.catalog.coinspark.type"]
    assert sorted(expected) == hidden
    assert printed.items() >= HARMLESS.items()
    assert printed["spark.sql.catalog.coinspark.type"] == "jdbc"


@pytest.mark.parametrize("option", ["--secrets", "--out"])
def test_spark_conf_gives_secrets_on_request_only(planted: Path, tmp_path: Path, option: str) -> None:
    file = tmp_path / "mine.conf"
    arguments = [option, str(file)] if option == "--out" else [option]
    result = CliRunner().invoke(cli.app, ["spark-conf", "--config", str(planted), *arguments])
    text = file.read_text() if option == "--out" else result.stdout
    assert f"spark.authenticate.secret {SECRET}\n" in text
    if option == "--out":
        assert SECRET not in result.output
        assert file.stat().st_mode & 0o777 == 0o600


def test_settings_without_secrets_are_shown_as_they_are() -> None:
    config = load([], [f"spark.conf={HARMLESS}", "name=mine"])
    assert visible_settings(config) == config.model_dump(mode="json")


def test_every_file_of_conf_is_shown_without_masks() -> None:
    for file in (Path(__file__).parents[2] / "conf").glob("*.yaml"):
        shown = visible_settings(load([file]))
        masked = [key for key, value in shown["spark"]["conf"].items() if "•••" in value]
        assert all(key.endswith("extraJavaOptions") for key in masked)
        shown["spark"]["conf"] = {}
        if file.name == "cluster.yaml":
            login = {shown["catalog"]["properties"].pop(key) for key in ("jdbc.user", "jdbc.password")}
            assert login == {"•••"}
        assert "•••" not in str(shown), file


class Museum(Section):
    """A section outside coinspark, as of a reader of one's own."""

    key: str = SECRET
    keys: tuple[dict[str, str], ...] = ({"a": SECRET},)
    pages: int = 3


def test_texts_of_sections_outside_coinspark_are_masked() -> None:
    config = Config.model_construct(**{**dict(Config()), "sources": (Museum(),)})
    assert visible_settings(config)["sources"] == [{"key": "•••", "keys": [{"a": "•••"}], "pages": 3}]


@pytest.mark.parametrize(
    "values",
    [
        {"catalog": {"properties": {"jdbc.password": [SECRET]}}},
        {"catalog": {"properties": SECRET}},
        {"spark": {"conf": {"spark.x": {"a": SECRET}}}},
        {"spark": {"conf": [SECRET]}},
        {"catalog": {"name": 3, "properties": {"pw": SECRET}}},
        {"sources": [{"kind": "nothing", "root": f"https://anna:{SECRET}@host/a"}]},
        {"sources": [{"kind": "manifest", "root": f"https://anna:{SECRET}@host/a", "path": "a.csv"}]},
        {"warehouse": f"s3a://key:{SECRET}@bucket/coins"},
        {"warehouse": f"s3a://bucket/coins?secret={SECRET}"},
        {"evaluation": f"https://anna:{SECRET}@host"},
    ],
)
def test_errors_of_a_configuration_show_no_secret(tmp_path: Path, values: dict[str, Any]) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(yaml.safe_dump(values))
    with pytest.raises(ConfigError) as error:
        load([file])
    assert SECRET not in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        f'catalog: {{properties: {{pw: "{SECRET}}}}}',
        f"a: b: {SECRET}",
        f"a: @{SECRET}",
        f"{SECRET}: [",
        "a:\t- x",
    ],
)
def test_errors_of_yaml_name_the_line_and_show_no_secret(tmp_path: Path, text: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(f"name: mine\n{text}\n")
    with pytest.raises(
        ConfigError, match=r"not valid YAML with plain data: .* \(line [23], column \d+\)$"
    ) as error:
        load([file])
    assert SECRET not in str(error.value)
    with pytest.raises(ConfigError) as error:
        load([], [f"catalog.properties.pw={{{SECRET}: ["])
    assert SECRET not in str(error.value)


def test_secrets_come_from_the_environment_and_from_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "password").write_text("p{a}s:s\\\n")
    monkeypatch.setenv("COINS_USER", "anna")
    file = tmp_path / "mine.yaml"
    file.write_text(
        "catalog: {properties: {jdbc.user: '${COINS_USER}', "
        f"jdbc.password: '${{FILE:{tmp_path}/password}}', x: '${{NOT_SET:-none}}'}}}}\n"
    )
    assert load([file]).catalog.properties == {"jdbc.user": "anna", "jdbc.password": "p{a}s:s\\", "x": "none"}


@pytest.mark.parametrize(
    ("content", "message"),
    [(None, "No such file"), (b"\xff", "not UTF-8"), (b"a\0b", "NUL"), (b"x" * 10_002, "more than 10,000")],
)
def test_unusable_secret_files_are_named(tmp_path: Path, content: bytes | None, message: str) -> None:
    if content is not None:
        (tmp_path / "password").write_bytes(content)
    file = tmp_path / "mine.yaml"
    file.write_text(f"name: ${{FILE:{tmp_path}/password}}\n")
    with pytest.raises(
        ConfigError, match=f"(?s){file}: .FILE:{tmp_path}/password.*{message}".replace(".FILE", r"\$\{FILE")
    ):
        load([file])


def test_text_of_an_error_has_no_secret() -> None:
    properties = {
        "type": "jdbc",
        "uri": "jdbc:postgresql://anna:hunter2@db:5432/coins?password=pass word&ssl=true",
        "jdbc.password": "hunter2",
        "token": "s3cr",
    }
    config = load([], [f"catalog.properties={properties}", "spark.conf={spark.ssl.keyStorePassword: 'a'}"])
    for text, expected in {
        'FATAL: password authentication failed for user "anna"': (
            'FATAL: password authentication failed for user "•••"'
        ),
        f"cannot open {properties['uri']}": "cannot open jdbc:postgresql://•••@db:5432/coins?password=•••&ssl=true",
        "Hunter hunter2; hunter23": "Hunter •••; hunter23",
        "token s3cr, s3crets": "token •••, s3crets",
        "refused by https://x:y@host/a": "refused by https://•••@host/a",
        "connection to db:5432 refused: a type of true": "connection to db:5432 refused: a type of true",
    }.items():
        assert without_secrets(config, text) == expected
