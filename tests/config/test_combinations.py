"""Keys that would be ignored are refused with the reason; defaults and the files of conf/ pass."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from coinspark.config import Config, load
from coinspark.config.combinations import RULES
from coinspark.config.common import Section
from coinspark.core.errors import ConfigError

ROOT = Path(__file__).parents[2]
SHA256 = "a" * 64
SQLITE = "catalog in SQLite needs a local warehouse, s3a://coins/w is not one; set type jdbc with the uri"

IGNORED = [
    # layers
    ("layers=[{name: e, kind: entities, k: 3}]", "layers.0.k", "a layer of kind entities does not use it"),
    ("layers=[{name: t, kind: type, split: {largest: 2}}]", "layers.0.split.largest", "kind type does not"),
    ("layers=[{name: m, kind: mint, min_coins: 5}]", "layers.0.min_coins", "kind mint does not use it"),
    ("layers=[{name: m, kind: mint, max_classes: 5}]", "layers.0.max_classes", "kind mint does not use it"),
    ("layers=[{name: c, kind: clusters, max_share: 0.5}]", "layers.0.max_share", "kind clusters does not"),
    ("layers=[{name: c, kind: clusters, k: 3, max_classes: 9}]", "layers.0.max_classes", "is given by k"),
    # sources
    ("sources=[{kind: synthetic, root: a, photos: single}]", "sources.0.photos", "has both photos"),
    ("sources=[{kind: synthetic, root: a, medium: cast}]", "sources.0.medium", "has its own medium"),
    ("sources=[{kind: folders, root: a, side: merged, photos: pair}]", "sources.0.photos", "has both sides"),
    ("sources=[{kind: folders, root: a, side: reverse, photos: none}]", "sources.0.side", "no photos"),
    ("sources=[{kind: published, root: a, medium: cast}]", "sources.0.medium", "contain the medium"),
    ("sources=[{kind: published, root: a, photos: single}]", "sources.0.photos", "has both sides"),
    (
        "sources=[{kind: manifest, root: a, path: b.csv, photos: none, columns: {obverse: photo}}]",
        "sources.0.columns.obverse",
        "the source has no photos",
    ),
    (
        "sources=[{kind: manifest, root: a, path: b.parquet, encoding: latin-1}]",
        "sources.0.encoding",
        "a Parquet file has no encoding",
    ),
    *(
        (
            f"sources=[{{kind: manifest, root: a, path: b.csv, photos: none}}];ingest.{key}={value}",
            f"ingest.{key}",
            "no source has photos",
        )
        for key, value in {
            "sizes": "[96]",
            "shape": "wide",
            "quality": 80,
            "max_pixels": 1000,
            "max_memory": 100_000_000,
            "max_seconds": 5,
            "max_bytes": 1000,
            "chunk": 10,
        }.items()
    ),
    # spark
    ("spark.master=yarn;spark.conf={spark.master: k8s}", "spark.master", "spark.conf sets spark.master too"),
    (
        "spark.driver_memory=9g;spark.conf={spark.driver.memory: 8g}",
        "spark.driver_memory",
        "sets spark.driver",
    ),
    (
        "spark.shuffle_partitions=9;spark.conf={spark.sql.shuffle.partitions: '8'}",
        "spark.shuffle_partitions",
        "spark.conf sets spark.sql.shuffle.partitions too",
    ),
    ("spark.sparknlp_jars=jars", "spark.sparknlp_jars", "entities.engines does not have sparknlp"),
    # entities
    ("entities.languages=[de]", "entities.languages", "without entities.lists"),
    ("entities.engines=[spacy]", "entities.engines", "without entities.lists"),
    ("entities.priority=[lexicon]", "entities.priority", "without entities.lists"),
    ("entities.verdicts=a.csv", "entities.verdicts", "without entities.lists"),
    ("entities.recogniser.epochs=3", "entities.recogniser.epochs", "without entities.lists"),
    (
        "entities.lists=a;entities.recogniser={vector_size: 0, vector_noise: 1}",
        "entities.recogniser.vector_noise",
        "there are no word vectors",
    ),
    (
        "entities.lists=a;entities.recogniser={invent_share: 0, vector_noise: 1}",
        "entities.recogniser.vector_noise",
        "no words are invented",
    ),
    (
        "entities.lists=a;entities.languages=[en];entities.recogniser.pretrained={de: {path: a}}",
        "entities.recogniser.pretrained.de",
        "entities.languages does not have this language",
    ),
    # splits, training, features
    ("splits.folds=5;splits.test=0.3", "splits.test", "each fold tests 1/folds of the coins"),
    ("splits.validation=0;training.patience=3", "training.patience", "training cannot stop early"),
    ("training.launch=local;training.workers=4", "training.workers", "training.launch is local"),
    ("training.launch=local;training.interface=eth0", "training.interface", "training.launch is local"),
    ("deepcluster.rounds=1;deepcluster.stop_nmi=0.9", "deepcluster.stop_nmi", "a single round"),
    ("features.weights=null;features.layer=mint", "features.layer", "run and split are not used"),
    *(
        (f"{key}.weights={value};{key}.weights_sha256={SHA256}", f"{key}.weights_sha256", "is not a file")
        for key in ("training", "deepcluster", "features")
        for value in ("null", "imagenet")
    ),
]
"""Overrides (separated by `;`), the key that has no effect, and a part of the reason."""

ALWAYS_USED = {
    "": "name warehouse seed sources layers",
    "spark": "conf",
    "catalog": "name namespace properties lease_seconds lease_wait",
    "ingest": "max_reject_share max_loss_share accept_loss",
    "entities": "lists",
    "splits": "min_coins validation folds repeats by exclude_mints",
    "training": "model layers size weights freeze_until batch_norm head_units dropout epochs batch "
    "learning_rate warmup weight_decay label_smoothing weight_average loss class_weights auxiliary_types "
    "max_images_per_class augment precision feed launch shards prediction_views baselines",
    "deepcluster": "rounds epochs k pca_components input_filter weights batch learning_rate augment",
    "features": "weights mints split precision batch chunk scheduled",
    "evaluation": "top_k examples_per_class suspect_threshold sections",
}
"""Section → keys that no other key makes useless. Keys of sources and layers: see tests of their kinds."""


@pytest.mark.parametrize(("overrides", "key", "reason"), IGNORED)
def test_key_without_effect_is_refused_with_the_reason(overrides: str, key: str, reason: str) -> None:
    if "clusters" in overrides:
        overrides += ";features.weights=null"
    with pytest.raises(ConfigError) as error:
        load([], overrides.split(";"))
    assert str(error.value).startswith(f"the defaults: {key}: has no effect: ")
    assert reason in str(error.value)
    assert "\n" not in str(error.value)


def test_every_rule_is_tested() -> None:
    tested = {key for _, key, _ in IGNORED}
    assert {key for rule in RULES for key in rule.keys} - {"entities.recogniser"} <= tested


def test_every_key_has_a_rule_or_is_always_used() -> None:
    in_rules = {key for rule in RULES for key in rule.keys}
    in_rules |= {f"{section}.weights_sha256" for section in ("training", "deepcluster", "features")}
    always = {f"{section}.{key}".lstrip(".") for section, keys in ALWAYS_USED.items() for key in keys.split()}
    keys = {
        f"{section}.{key}" if isinstance(value, Section) else section
        for section, value in Config()
        for key in (type(value).model_fields if isinstance(value, Section) else [section])
    }
    assert keys - in_rules - always == set(), "add a rule to RULES, or the key to ALWAYS_USED if none fits"
    assert always - keys == set() == always & in_rules


@pytest.mark.parametrize(
    "overrides",
    [
        "splits.folds=5;splits.test=0.2",
        "training.launch=local;training.workers=2",
        "layers=[{name: m, kind: mint, k: null, max_classes: 24, split: {}}]",
        "sources=[{kind: synthetic, root: a, photos: pair, medium: original}]",
        "sources=[{kind: manifest, root: a, path: b.csv, photos: none, columns: {obverse: null}}]",
        "features={weights: run, layer: mint}",
        "features={weights: null, layer: mint, split: train}",
        f"training={{weights: file.npz, weights_sha256: {SHA256}}}",
    ],
)
def test_default_values_and_keys_with_effect_pass(overrides: str) -> None:
    load([], overrides.split(";"))


@pytest.mark.parametrize("file", sorted((ROOT / "conf").glob("*.yaml")), ids=lambda file: file.name)
def test_output_of_check_is_a_valid_configuration(file: Path, tmp_path: Path) -> None:
    config = load([file])
    complete = tmp_path / "complete.yaml"
    complete.write_text(yaml.safe_dump(config.model_dump(mode="json")), encoding="utf-8")
    assert load([complete]) == config


@pytest.mark.parametrize("section", ["training", "deepcluster", "features"])
def test_weights_file_without_its_hash_is_refused(section: str) -> None:
    with pytest.raises(ConfigError) as error:
        load([], [f"{section}.weights=file.npz"])
    assert str(error.value) == (
        f"the defaults: {section}.weights_sha256: missing; a weights file needs it (output of "
        "`sha256sum file.npz`)"
    )


def test_speculation_is_refused_with_horovod_only() -> None:
    speculation = "spark.conf={spark.speculation: 'true'}"
    with pytest.raises(
        ConfigError, match=r"spark\.conf\.spark\.speculation: a second copy of a Horovod worker"
    ):
        load([], [speculation])
    load([], [speculation, "training.launch=local"])


@pytest.mark.parametrize("uri", [None, "jdbc:sqlite:/data/catalog.db"])
def test_sqlite_catalog_is_refused_with_a_remote_warehouse(uri: str | None) -> None:
    catalog = [f"catalog.properties={{type: jdbc, uri: '{uri}'}}"] if uri else []
    with pytest.raises(ConfigError, match=rf"catalog\.properties: a {SQLITE} of a PostgreSQL"):
        load([], ["warehouse=s3a://coins/w", *catalog])
    postgresql = "catalog.properties={type: jdbc, uri: 'jdbc:postgresql://db/coins'}"
    load([], ["warehouse=s3a://coins/w", postgresql])
    load([], ["warehouse=file:///data/coins", *catalog])


def test_every_fault_has_its_line() -> None:
    with pytest.raises(ConfigError) as error:
        load([], ["splits.folds=5", "splits.test=0.3", "training.weights=a.npz"])
    assert [line.split(": ")[1] for line in str(error.value).splitlines()] == [
        "splits.test",
        "training.weights_sha256",
    ]


def test_checks_are_those_of_a_configuration_that_is_loaded() -> None:
    """A configuration that a program builds from parts is not checked for combinations."""
    assert Config.model_validate({"splits": {"folds": 5, "test": 0.3}}).splits.folds == 5
