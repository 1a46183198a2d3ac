"""One frozen, typed configuration; YAML files hold only what differs from the defaults written here.

`load` merges the files in order, then `--set key=value` overrides, and checks the whole at once: an unknown key, a wrong
type or an impossible value stops with a line that names the key. `conf/base.yaml` shows every key with its comment.
"""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from coinspark.errors import ConfigError


class Section(BaseModel):
    """A part of the configuration: frozen, and closed to keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Spark(Section):
    """How the session is made; `conf` takes any further Spark setting and wins over ours."""

    master: str | None = None
    driver_memory: str = "3g"
    shuffle_partitions: int = Field(4, ge=1)
    conf: dict[str, str] = {}


class Catalog(Section):
    """The Iceberg catalog. Without `properties` it is the JDBC catalog on a SQLite file in the warehouse."""

    name: str = Field("coinspark", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    namespace: str = Field("coins", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    properties: dict[str, str] = {}


class Columns(Section):
    """Which column of a manifest holds what; texts are given a side and a language. `null`: the manifest has none."""

    coin_id: str = "coin_id"
    mint: str = "mint"
    type: str | None = None
    medium: str | None = None
    licence: str | None = None
    obverse: str | None = "obverse_image"
    reverse: str | None = "reverse_image"
    merged: str | None = None
    obverse_text: dict[str, str] = {}
    reverse_text: dict[str, str] = {}


class Source(Section):
    """What every source says: its name in `coins.source`, its folder, which photos a coin needs."""

    name: str = "coins"
    root: str
    licence: str | None = None
    medium: str = "original"
    photos: Literal["pair", "single", "none"] = "pair"


class ManifestSource(Source):
    """A CSV or Parquet table, a row a coin (and type); photo paths are relative to `root`."""

    kind: Literal["manifest"]
    path: str
    encoding: str = "utf-8"
    columns: Columns = Columns()


class PublishedSource(Source):
    """A folder of the published Corpus Nummorum data set; `index` is its table of names, mints and texts."""

    kind: Literal["published"]
    layout: Literal["coins", "types", "mints"] = "mints"
    index: str | None = None


class FoldersSource(Source):
    """A folder of class folders; the folder's name is the mint, each file one coin, one side."""

    kind: Literal["folders"]
    side: Literal["obverse", "reverse", "merged"] = "obverse"
    photos: Literal["pair", "single", "none"] = "single"


class SyntheticSource(Source):
    """The project's own drawn coins, written to `root` once and then read like any manifest."""

    kind: Literal["synthetic"]
    coins: int = Field(480, ge=1)
    mints: int = Field(6, ge=1, le=24)
    types_per_mint: int = Field(6, ge=1, le=40)
    skew: float = Field(1.0, ge=0)
    photo: int = Field(160, ge=32, le=2048)
    wear: float = Field(0.35, ge=0, le=1)
    seed: int = 1


AnySource = Annotated[
    ManifestSource | PublishedSource | FoldersSource | SyntheticSource, Field(discriminator="kind")
]


class Ingest(Section):
    """Merging: obverse left, reverse right; `square` pads to a square with black bars, `wide` is 1:2 without."""

    sizes: tuple[Annotated[int, Field(ge=16, le=1024)], ...] = Field((64,), min_length=1)
    shape: Literal["square", "wide"] = "square"
    quality: int = Field(92, ge=1, le=100)
    max_pixels: int = Field(64_000_000, ge=1)
    max_bytes: int = Field(128_000_000, ge=1)
    max_reject_share: float = Field(0.5, gt=0, le=1)
    chunk: int = Field(5_000, ge=1)


class Entities(Section):
    """Which lists are searched for, in which languages, by which engine."""

    lists: str | None = None
    languages: tuple[Literal["en", "de"], ...] = ("en", "de")
    engine: Literal["lexicon"] = "lexicon"


class Split(Section):
    """Which mints a layer splits: by name, or all with more coins than `over`, or the `biggest` so many."""

    mints: tuple[str, ...] = ()
    over: int | None = Field(None, ge=1)
    biggest: int | None = Field(None, ge=1)


class Layer(Section):
    """A class layer. `classes` is the most new classes a mint is split into, `least` and `most` bound a class's size."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")
    kind: Literal["mint", "type", "entities"]
    split: Split = Split()
    classes: int = Field(24, ge=1)
    least: int = Field(40, ge=2)
    most: float = Field(0.15, gt=0, le=1)


class Splits(Section):
    """Who trains and who tests. `threshold` is the least coins of a class; `folds` > 1 tests every coin once."""

    threshold: int = Field(20, ge=3)
    validation: float = Field(0.1, gt=0, lt=0.5)
    test: float = Field(0.2, gt=0, lt=0.9)
    folds: int = Field(1, ge=1)
    by: Literal["coin", "type"] = "coin"
    leave_out: tuple[str, ...] = ()


class Augment(Section):
    """Random changes of a training image: shift as a share of the side, rotation in degrees, brightness, contrast."""

    shift: float = Field(0.06, ge=0, le=0.5)
    rotate: float = Field(12.0, ge=0, le=180)
    zoom: float = Field(0.08, ge=0, le=0.5)
    brightness: float = Field(0.15, ge=0, le=1)
    contrast: float = Field(0.15, ge=0, lt=1)


class Training(Section):
    """One VGG16 a layer (and fold). `batch` is over all workers together. See training/fit.py for the recipe's source."""

    layers: tuple[str, ...] = ()
    size: int | None = None
    weights: str | None = None
    weights_sha256: str | None = None
    frozen_to: str | None = None
    batch_norm: bool = True
    head: tuple[Annotated[int, Field(ge=1)], ...] = ()
    dropout: float = Field(0.2, ge=0, lt=1)
    epochs: int = Field(32, ge=1)
    batch: int = Field(16, ge=1)
    learning_rate: float = Field(2.5e-4, gt=0)
    warmup: float = Field(1.0, ge=0)
    weight_decay: float = Field(0.0, ge=0)
    label_smoothing: float = Field(0.0, ge=0, lt=1)
    average: float = Field(0.98, ge=0, lt=1)
    loss: Literal["cross_entropy", "focal"] = "cross_entropy"
    class_weights: Literal["none", "balanced"] = "none"
    cap: int | None = Field(None, ge=1)
    augment: Augment = Augment()
    patience: int = Field(12, ge=1)
    precision: Literal["auto", "float32", "mixed_bfloat16", "mixed_float16"] = "auto"
    feed: Literal["petastorm", "tfdata"] = "petastorm"
    launch: Literal["horovod", "local"] = "horovod"
    workers: int = Field(2, ge=1)
    shards: int = Field(4, ge=1)
    yardstick: bool = True
    views: Literal[1, 5] = 1


class Evaluation(Section):
    """`top` for top-k, `bootstrap` resamples for the intervals, `examples` coins shown a class in the report."""

    top: int = Field(5, ge=1)
    bootstrap: int = Field(2_000, ge=100)
    examples: int = Field(6, ge=0, le=50)
    suspect: float = Field(0.9, gt=0, le=1)


class Config(Section):
    """The whole configuration; every stage reads only its own sections, and is rebuilt when they change."""

    name: str = Field("coinspark", pattern=r"^[A-Za-z0-9_.-]+$")
    warehouse: str = "warehouse"
    seed: int = 20231215
    spark: Spark = Spark()
    catalog: Catalog = Catalog()
    sources: tuple[AnySource, ...] = Field((), min_length=0)
    ingest: Ingest = Ingest()
    entities: Entities = Entities()
    layers: tuple[Layer, ...] = Field((Layer(name="mint", kind="mint"),), min_length=1)
    splits: Splits = Splits()
    training: Training = Training()
    evaluation: Evaluation = Evaluation()

    @model_validator(mode="after")
    def _agree(self) -> Config:
        names = [layer.name for layer in self.layers]
        if len(set(names)) != len(names):
            raise ValueError(f"layers: a name stands twice in {names}")
        for name in self.training.layers:
            if name not in names:
                raise ValueError(f"training.layers: no layer {name!r}; there are {names}")
        if self.training.size is not None and self.training.size not in self.ingest.sizes:
            raise ValueError(f"training.size: {self.training.size} is none of ingest.sizes {list(self.ingest.sizes)}")
        if self.splits.test + self.splits.validation >= 1:
            raise ValueError("splits: test and validation leave nothing to train on")
        labels = [source.name for source in self.sources]
        if len(set(labels)) != len(labels):
            raise ValueError(f"sources: a name stands twice in {labels}")
        return self

    @property
    def image_size(self) -> int:
        """The size training and the report use: `training.size`, or the first of `ingest.sizes`."""
        return self.training.size or self.ingest.sizes[0]


def load(files: Sequence[str | Path] = (), overrides: Sequence[str] = ()) -> Config:
    """The configuration of these YAML files, later ones winning, then of `key.sub=value` overrides.

    `${NAME}` and `${NAME:-default}` in a file are taken from the environment. Raises ConfigError naming file and key.
    """
    merged: dict[str, Any] = {}
    for file in files:
        merged = _merge(merged, _read(Path(file)))
    for override in overrides:
        merged = _merge(merged, _override(override))
    where = ", ".join(str(file) for file in files) or "the defaults"
    try:
        return Config.model_validate(merged)
    except ValidationError as error:
        raise ConfigError("\n".join(_explain(item, where) for item in error.errors())) from None


def digest(value: Any) -> str:
    """SHA-256 hex of any JSON-like value or configuration section, independent of key order."""
    return hashlib.sha256(json.dumps(_plain(value), sort_keys=True).encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _read(file: Path) -> dict[str, Any]:
    try:
        text = file.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{file}: cannot be read ({error.strerror}); give the path of a YAML file") from None
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file}: is not UTF-8 ({error.reason} at byte {error.start})") from None
    try:
        loaded = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"{file}: is not YAML that holds plain data: {' '.join(str(error).split())}") from None
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise ConfigError(f"{file}: must hold keys and values, not a {type(loaded).__name__}")
    return {str(key): _expand(value, file) for key, value in loaded.items()}


_VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")


def _expand(value: Any, file: Path) -> Any:
    if isinstance(value, dict):
        return {key: _expand(item, file) for key, item in value.items()}
    if isinstance(value, list):
        return [_expand(item, file) for item in value]
    if not isinstance(value, str):
        return value

    def found(match: re.Match[str]) -> str:
        name, default = match.group(1), match.group(2)
        if (given := os.environ.get(name, default)) is None:
            raise ConfigError(f"{file}: {match.group(0)} needs the environment variable {name}, which is not set")
        return given

    return _VARIABLE.sub(found, value)


def _override(text: str) -> dict[str, Any]:
    key, mark, value = text.partition("=")
    if not mark or not key:
        raise ConfigError(f"--set {text}: must be key=value, such as training.epochs=3")
    try:
        nested: Any = yaml.safe_load(value)
    except yaml.YAMLError:
        raise ConfigError(f"--set {text}: the value is not YAML that holds plain data") from None
    for part in reversed(key.split(".")):
        nested = {part: nested}
    return dict(nested)


def _merge(low: dict[str, Any], high: dict[str, Any]) -> dict[str, Any]:
    """`high` over `low`: sections merge key by key, everything else (lists too) is replaced."""
    merged = dict(low)
    for key, value in high.items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = _merge(merged[key], value)
        else:
            merged[key] = value
    return merged


def _explain(error: Mapping[str, Any], where: str) -> str:
    path = [part for part in error["loc"] if not _is_tag(part)]
    key = ".".join(str(part) for part in path) or "the configuration"
    if error["type"] != "extra_forbidden":
        return f"{where}: {key}: {error['msg'].removeprefix('Value error, ')} (given: {error.get('input')!r:.80})"
    known = sorted(_known_keys(Config, error["loc"][:-1]))
    near = difflib.get_close_matches(str(path[-1]), known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}"
    return f"{where}: unknown key {key!r}; {hint}"


_KINDS: dict[str, type[Section]] = {
    "manifest": ManifestSource, "published": PublishedSource, "folders": FoldersSource, "synthetic": SyntheticSource,
}


def _is_tag(part: Any) -> bool:
    """pydantic puts the tag of a source's kind into the path of an error; the file has no such key."""
    return part in _KINDS


def _known_keys(model: type[BaseModel], path: Sequence[Any]) -> set[str]:
    for part in path:
        if part in _KINDS:
            model = _KINDS[part]
        elif isinstance(part, str) and part in model.model_fields:
            annotation = model.model_fields[part].annotation
            inner = [a for a in (annotation, *getattr(annotation, "__args__", ())) if isinstance(a, type)]
            model = next((a for a in inner if issubclass(a, BaseModel)), model)
    return set(model.model_fields)
