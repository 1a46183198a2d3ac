"""Loading a configuration: unknown keys and invalid values are refused with file and key."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from coinspark.config import Config, load
from coinspark.core.errors import ConfigError

ROOT = Path(__file__).parents[2]

ALIASES = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n"
    for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)
"""A few hundred bytes that stand for a billion values."""


def write(folder: Path, text: str) -> Path:
    file = folder / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_base_yaml_shows_all_defaults() -> None:
    documented = yaml.safe_load((ROOT / "conf" / "base.yaml").read_text(encoding="utf-8"))
    assert Config.model_validate(documented) == Config()
    assert set(documented) == set(Config.model_fields)
    for section in ("spark", "catalog", "ingest", "entities", "splits", "training", "features", "evaluation"):
        assert set(documented[section]) == set(type(getattr(Config(), section)).model_fields), section


@pytest.mark.parametrize("file", sorted((ROOT / "conf").glob("*.yaml")), ids=lambda file: file.name)
def test_every_file_of_conf_loads(file: Path) -> None:
    assert load([file]).name


def test_later_files_and_overrides_win(tmp_path: Path) -> None:
    first = write(tmp_path, "training: {epochs: 7, batch: 8}\nsplits: {min_coins: 5}")
    second = tmp_path / "second.yaml"
    second.write_text("training: {epochs: 9}")
    config = load([first, second], ["training.workers=1"])
    assert (config.training.epochs, config.training.batch, config.training.workers) == (9, 8, 1)
    assert config.splits.min_coins == 5
    assert config.evaluation == Config().evaluation


@pytest.mark.fault(15)
@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("trainning: {epochs: 3}", "unknown key 'trainning'; did you mean 'training'?"),
        ("training: {epoch: 3}", "unknown key 'training.epoch'; did you mean 'epochs'?"),
        (
            "layers: [{name: mint, kind: mint, split: {largestt: 4}}]",
            "unknown key 'layers.0.split.largestt'; did you mean 'largest'?",
        ),
        (
            "sources: [{kind: manifest, root: a, path: b, colums: {}}]",
            "unknown key 'sources.0.colums'; did you mean 'columns'?",
        ),
        (
            "layers: [{name: mint, kind: mint, max_classes: 0}]",
            "layers.0.max_classes: Input should be greater than or equal to 1",
        ),
        ("layers: [{name: mint, kind: mint, kk: 2}]", "unknown key 'layers.0.kk'"),
        (
            "layers: [{name: parts, kind: clusters, k: 0}]",
            "layers.0.k: Input should be greater than or equal to 1",
        ),
        (
            "layers: [{name: parts, kind: clusters}]",
            "features.weights: the clusters of layer 'parts' are computed before splits and training, "
            "so there is no run yet",
        ),
        (
            "layers: [{name: parts, kind: clusters}]\nfeatures: {weights: null, split: train}",
            "features.split: the clusters of layer 'parts' are computed before splits and training, "
            "so there is no split yet; set it to null",
        ),
        ("training: {epochs: many}", "training.epochs: Input should be a valid integer"),
        ("training: {layers: [entity]}", "no layer 'entity'"),
        ("features: {layer: entity}", "features.layer: no layer 'entity'; the layers are ['mint']"),
        ("features: {split: tests}", "features.split: Input should be 'train', 'validation' or 'test'"),
        ("layers: [{name: a, kind: mint}, {name: a, kind: type}]", "two layers have the same name"),
        ("training: {size: 96}", "not among ingest.sizes"),
        ("sources: [{kind: museum, root: a}]", "museum"),
        ("name: !!python/object:os.system {}", "not valid YAML with plain data"),
        ("- a\n- b", "expected keys with values"),
        ("name: a\nname: b", "the key 'name' is given twice"),
        ("training: {epochs: 1, batch: 2, epochs: 3}", "the key 'epochs' is given twice"),
        ("name: " + "[" * 5_000, "nested too deeply (more than 16 levels)"),
        ("name: " + "[" * 50 + "]" * 50, "nested too deeply (more than 16 levels)"),
        ("name: &a [*a]", "nested too deeply (more than 16 levels)"),
        (ALIASES, "more than 20,000 values"),
        ("name: 2023-02-30", "a value cannot be converted (day is out of range for month)"),
        ("name: !!int x", "a value cannot be converted"),
        ("name: !!bool x", "a value cannot be converted"),
        ("name: !!timestamp x", "a value cannot be converted"),
        ('name: "a\\0b"', "name: contains a NUL character; remove it"),
        ('"na\\0me": a', r"'na\x00me': contains a NUL character"),
        ('layers: [{name: mint, kind: "a\\ud800"}]', "layers.0.kind: is not valid text"),
        ("warehouse: ~nobody-knows/here", "warehouse: '~nobody-knows': there is no such home folder"),
        ("entities: {lists: ~nobody-knows}", "entities.lists: '~nobody-knows': there is no such home folder"),
        ("warehouse: ''", "warehouse: the path is empty"),
        ("seed: -1", "seed: Input should be greater than or equal to 0"),
        ("seed: 2147483648", "seed: Input should be less than 2147483648"),
        (
            "sources: [{kind: synthetic, root: a, seed: -1}]",
            "seed: Input should be greater than or equal to 0",
        ),
        ("training: {learning_rate: .inf}", "training.learning_rate: Input should be a finite number"),
        ("training: {learning_rate: .nan}", "training.learning_rate: Input should be a finite number"),
        (
            "training: {weights: a, weights_sha256: 12}",
            "training.weights_sha256: Input should be a valid string",
        ),
        (
            "training: {weights: a, weights_sha256: '12'}",
            "training.weights_sha256: String should match pattern",
        ),
        ("ingest: {sizes: [64, 96, 64]}", "ingest.sizes: 64 is given twice; remove one of them"),
        ("entities: {engines: [lexicon, lexicon]}", "entities.engines: 'lexicon' is given twice"),
        ("entities: {languages: []}", "entities.languages: Tuple should have at least 1 item"),
        ("layers: [{name: a, kind: 'os:getcwd'}]", "layer kind 'os:getcwd' is not of type LayerKind"),
        ("layers: [{name: a, kind: '.os:x'}]", "layer kind '.os:x' cannot be imported"),
        ("layers: [{name: a, kind: ':x'}]", "layer kind ':x' cannot be imported"),
        ("sources: [{kind: 'os:getcwd', root: a}]", "source kind 'os:getcwd' is not of type Reader"),
        ("entities: {engines: ['os:getcwd']}", "engine 'os:getcwd' is not of type Engine"),
        ("training: {model: 'os:getcwd'}", "backbone 'os:getcwd' is not of type Backbone"),
        ("name: ${COINSPARK_NOT_SET_ANYWHERE}", "variable COINSPARK_NOT_SET_ANYWHERE is not set"),
    ],
)
def test_invalid_configuration_names_file_and_key(tmp_path: Path, text: str, message: str) -> None:
    file = write(tmp_path, text)
    with pytest.raises(ConfigError) as error:
        load([file])
    assert message in str(error.value)
    assert str(file) in str(error.value)


def test_file_in_another_encoding_or_too_large_is_named(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_bytes("name: Münze".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"mine\.yaml: not UTF-8 \(.* at byte 7\); save the file as UTF-8"):
        load([file])
    file.write_bytes(b"\xef\xbb\xbfname: marked")
    assert load([file]).name == "marked"
    file.write_bytes(b"#" * 1_000_001)
    with pytest.raises(ConfigError, match=r"mine\.yaml: larger than 1,000,000 bytes"):
        load([file])


def test_environment_variable_that_is_not_text_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COINSPARK_TEST_FOLDER", "caf\udce9")
    with pytest.raises(ConfigError, match=r"\$\{COINSPARK_TEST_FOLDER\}: is not valid text"):
        load([write(tmp_path, "warehouse: ${COINSPARK_TEST_FOLDER}")])


def test_home_folder_is_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/curator")
    config = load([], ["warehouse='~/w'", "entities.lists='~/lists'", "sources=[{kind: folders, root: ~/p}]"])
    assert (config.warehouse, config.entities.lists, config.sources[0].root) == (
        "/home/curator/w",
        "/home/curator/lists",
        "/home/curator/p",
    )


@pytest.mark.parametrize("section", ["catalog.properties", "spark.conf"])
def test_value_of_a_section_with_passwords_is_not_shown(section: str) -> None:
    with pytest.raises(ConfigError) as error:
        load([], [f"{section}={{password: 123456}}"])
    assert f"{section}.password: Input should be a valid string" in str(error.value)
    assert "123456" not in str(error.value)


def test_many_faults_are_cut_off() -> None:
    layers = ", ".join(f"{{name: '{number}', kind: mint}}" for number in range(30))
    with pytest.raises(ConfigError) as error:
        load([], [f"layers=[{layers}]"])
    lines = str(error.value).splitlines()
    assert len(lines) == 21 and lines[-1] == "the defaults: 10 more faults"


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"none\.yaml: cannot be read"):
        load([tmp_path / "none.yaml"])


def test_environment_variables_are_substituted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path, "warehouse: ${COINSPARK_TEST_FOLDER:-here}/w")
    assert load([file]).warehouse == "here/w"
    monkeypatch.setenv("COINSPARK_TEST_FOLDER", "there")
    assert load([file]).warehouse == "there/w"


@pytest.mark.fault(15)
@pytest.mark.parametrize("tag", ["object/apply:os.mkdir", "object/new:os.mkdir", "object/apply:os.makedirs"])
def test_yaml_that_calls_a_function_is_refused_and_calls_nothing(tmp_path: Path, tag: str) -> None:
    target = tmp_path / "created"
    for text in (
        f'name: !!python/{tag} ["{target}"]',
        f'training: {{layers: [!!python/{tag} ["{target}"]]}}',
    ):
        with pytest.raises(ConfigError, match=r"mine\.yaml: not valid YAML with plain data"):
            load([write(tmp_path, text)])
    with pytest.raises(ConfigError, match="not valid YAML with plain data"):
        load([], [f'name=!!python/{tag} ["{target}"]'])
    assert not target.exists()


@pytest.mark.parametrize(
    "override",
    [
        "epochs",
        "=3",
        "training..epochs=3",
        "training.epochs=!!python/name:os.system",
        "training={epochs: 1, epochs: 2}",
        "name=" + "[" * 5_000,
        ".".join("a" * 5_000) + "=1",
        "name='a\0b'",
        "name=caf\udce9",
        "name=2023-02-30",
    ],
)
def test_malformed_override_is_refused(override: str) -> None:
    with pytest.raises(ConfigError, match="--set"):
        load([], [override])


@pytest.mark.parametrize(
    ("text", "old", "new"),
    [
        ("training: {yardstick: false}", "training.yardstick", "training.baselines"),
        ("layers: [{name: a, kind: mint, least: 3}]", "layers.least", "layers.min_coins"),
        ("layers: [{split: {biggest: 1}}]", "layers.split.biggest", "layers.split.largest"),
    ],
)
def test_renamed_key_is_refused_with_its_new_name(tmp_path: Path, text: str, old: str, new: str) -> None:
    with pytest.raises(ConfigError, match=f"mine.yaml: the key {re.escape(old)} is now {re.escape(new)}"):
        load([write(tmp_path, text)])


def test_invalid_item_of_a_list_is_reported_once(tmp_path: Path) -> None:
    file = write(tmp_path, "layers: [{name: mint, kind: mintt}]")
    with pytest.raises(ConfigError) as error:
        load([file])
    assert str(error.value).count("\n") == 0
    assert "layers.0.kind: unknown layer kind 'mintt'; did you mean 'mint'?" in str(error.value)
