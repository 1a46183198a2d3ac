"""Combinations of keys that are refused: a value would be ignored, is missing, or contradicts another.

A key counts as set if its value is not the default, so that the output of `coinspark check`, which has every
key, is a valid configuration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from coinspark.config.common import Section
from coinspark.config.layers import Layer, layer_kinds
from coinspark.config.root import Config
from coinspark.core.uris import masked_uri

_WEIGHTS = {
    "training": ("imagenet",),
    "deepcluster": ("imagenet",),
    "features": ("imagenet", "run", "deepcluster"),
}
"""Section → values of its key `weights` that do not name a file."""


class Rule(NamedTuple):
    """Keys that have no effect if `unused` is true, and the reason."""

    keys: tuple[str, ...]
    unused: Callable[[Config], bool]
    reason: str


RULES: tuple[Rule, ...] = (
    Rule(
        ("spark.master",),
        lambda config: "spark.master" in config.spark.conf,
        "spark.conf sets spark.master too; remove one of them",
    ),
    Rule(
        ("spark.driver_memory",),
        lambda config: "spark.driver.memory" in config.spark.conf,
        "spark.conf sets spark.driver.memory too; remove one of them",
    ),
    Rule(
        ("spark.shuffle_partitions",),
        lambda config: "spark.sql.shuffle.partitions" in config.spark.conf,
        "spark.conf sets spark.sql.shuffle.partitions too; remove one of them",
    ),
    Rule(
        ("spark.sparknlp_jars",),
        lambda config: "sparknlp" not in config.entities.engines,
        "entities.engines does not have sparknlp, the only engine that needs the jars",
    ),
    Rule(
        tuple(
            f"ingest.{key}"
            for key in (
                "sizes",
                "shape",
                "quality",
                "max_pixels",
                "max_memory",
                "max_seconds",
                "max_bytes",
                "chunk",
            )
        ),
        lambda config: bool(config.sources) and all(source.photos == "none" for source in config.sources),
        "no source has photos (photos: none)",
    ),
    Rule(
        tuple(f"entities.{key}" for key in ("languages", "engines", "priority", "verdicts", "recogniser")),
        lambda config: config.entities.lists is None,
        "no entities are found without entities.lists; set it to the folder of the entity lists",
    ),
    Rule(
        ("entities.recogniser.vector_noise",),
        lambda config: not config.entities.recogniser.vector_size,
        "there are no word vectors (entities.recogniser.vector_size is 0)",
    ),
    Rule(
        ("entities.recogniser.vector_noise",),
        lambda config: not config.entities.recogniser.invent_share,
        "no words are invented (entities.recogniser.invent_share is 0)",
    ),
    Rule(
        ("splits.test",),
        lambda config: config.splits.folds > 1,
        "with splits.folds above 1 each fold tests 1/folds of the coins",
    ),
    Rule(
        ("training.patience",),
        lambda config: config.splits.validation == 0,
        "training cannot stop early without validation coins (splits.validation is 0)",
    ),
    Rule(
        ("training.workers", "training.interface"),
        lambda config: config.training.launch == "local",
        "training.launch is local, which is one process",
    ),
    Rule(
        ("deepcluster.stop_nmi",),
        lambda config: config.deepcluster.rounds == 1,
        "a single round (deepcluster.rounds) has no earlier assignment to compare with",
    ),
    Rule(
        ("features.layer",),
        lambda config: config.features.weights != "run" and config.features.split is None,
        "the layer's run and split are not used (features.weights is not run, features.split is null)",
    ),
)


def combination_faults(config: Config) -> list[str]:
    """`key: what is wrong` for each key that would be ignored, is missing, or contradicts another one."""
    reasons: dict[str, str] = {}
    for key, reason in (*_ignored_by_rules(config), *_ignored_in_lists(config)):
        reasons.setdefault(key, reason)
    unused = [f"{key}: has no effect: {reason}" for key, reason in reasons.items()]
    return [
        *unused,
        *_weights_faults(config),
        *_speculation_faults(config),
        *_login_faults(config),
        *_catalog_faults(config),
    ]


def _ignored_by_rules(config: Config) -> Iterator[tuple[str, str]]:
    for rule in RULES:
        if rule.unused(config):
            for key in rule.keys:
                yield from ((name, rule.reason) for name in _set_keys(config, key))


def _ignored_in_lists(config: Config) -> Iterator[tuple[str, str]]:
    """Ignored keys of the sources and the layers, and models of languages that are not read."""
    for index, source in enumerate(config.sources):
        for key, reason in source.ignored_keys().items():
            yield from ((f"sources.{index}.{name}", reason) for name in _set_keys(source, key))
    for index, layer in enumerate(config.layers):
        for key, reason in _ignored_layer_keys(layer).items():
            yield from ((f"layers.{index}.{name}", reason) for name in _set_keys(layer, key))
    for language in config.entities.recogniser.pretrained:
        if config.entities.lists is not None and language not in config.entities.languages:
            yield (
                f"entities.recogniser.pretrained.{language}",
                "entities.languages does not have this language",
            )


def _ignored_layer_keys(layer: Layer) -> dict[str, str]:
    uses = layer_kinds()[layer.kind].uses
    ignored = {
        key: f"a layer of kind {layer.kind} does not use it"
        for key in Layer.model_fields
        if key not in ("name", "kind", *uses)
    }
    if layer.k is not None and "k" in uses:
        ignored["max_classes"] = "the number of clusters is given by k"
    return ignored


def _weights_faults(config: Config) -> Iterator[str]:
    for name, words in _WEIGHTS.items():
        section = getattr(config, name)
        is_file = section.weights is not None and section.weights not in words
        if is_file and section.weights_sha256 is None:
            yield (
                f"{name}.weights_sha256: missing; a weights file needs it (output of "
                f"`sha256sum {section.weights}`)"
            )
        if not is_file and section.weights_sha256 is not None:
            yield f"{name}.weights_sha256: has no effect: {name}.weights is not a file"


def _speculation_faults(config: Config) -> Iterator[str]:
    speculates = config.spark.conf.get("spark.speculation", "false").strip().lower() == "true"
    if speculates and config.training.launch == "horovod":
        yield (
            "spark.conf.spark.speculation: a second copy of a Horovod worker would join the training; remove "
            "it, or set training.launch to local"
        )


def _login_faults(config: Config) -> Iterator[str]:
    """The tables store the URI of each photo, and messages name them and the warehouse."""
    roots = {f"sources.{number}.root": source.root for number, source in enumerate(config.sources)}
    for key, uri in {"warehouse": config.warehouse, **roots}.items():
        if not uri.startswith("file:") and (shown := masked_uri(uri)) != uri:
            yield (
                f"{key}: {shown}: a login or query in the URI would be stored in tables; remove it and set "
                "credentials under spark.conf"
            )


def _catalog_faults(config: Config) -> Iterator[str]:
    """SQLite is a file on one machine, without locks in an object store."""
    is_remote = "://" in config.warehouse.removeprefix("file://")
    uri = config.catalog.properties.get("uri", "")
    if is_remote and (not config.catalog.properties or uri.startswith("jdbc:sqlite:")):
        yield (
            "catalog.properties: a catalog in SQLite needs a local warehouse, "
            f"{masked_uri(config.warehouse)} is not one; set type jdbc with the uri of a PostgreSQL "
            "database, or type rest (see conf/cluster.yaml)"
        )


def _set_keys(section: Section, key: str) -> Iterator[str]:
    """`key`, or the keys below it, if their values are not the defaults."""
    *path, last = key.split(".")
    for part in path:
        section = getattr(section, part)
    default = type(section).model_fields[last].get_default(call_default_factory=True)
    return _changed_keys(key, getattr(section, last), default)


def _changed_keys(key: str, value: Any, default: Any) -> Iterator[str]:
    if isinstance(value, Section) and type(value) is type(default):
        for name in type(value).model_fields:
            yield from _changed_keys(f"{key}.{name}", getattr(value, name), getattr(default, name))
    elif value is not None and value != default:
        yield key
