"""Every setting with its type, bounds and default; `conf/base.yaml` shows the same with a comment each."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from coinspark.section import Section
from coinspark.settings_layers import Layer
from coinspark.settings_vision import Augment, DeepCluster, Features


class Spark(Section):
    """How the session is made; `conf` takes any further Spark setting and wins over ours.

    `sparknlp_jars`: the folder of Spark NLP's jars; null: where `make setup` left them.
    """

    master: str | None = None
    driver_memory: str = "3g"
    shuffle_partitions: int = Field(4, ge=1)
    sparknlp_jars: str | None = None
    conf: dict[str, str] = Field({})


class Catalog(Section):
    """The Iceberg catalog. Without `properties` it is the JDBC catalog on a SQLite file in the warehouse."""

    name: str = Field("coinspark", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    namespace: str = Field("coins", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    properties: dict[str, str] = Field({})


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
    obverse_text: dict[str, str] = Field({})
    reverse_text: dict[str, str] = Field({})


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


Engine = Literal["lexicon", "spacy", "sparknlp"]


class Pretrained(Section):
    """A recogniser on disk, to be used as it is: its folder and the SHA-256 over its files."""

    path: str
    sha256: str | None = None


class Recogniser(Section):
    """How the trained engines learn: from which further texts, in how many passes, with how many names replaced.

    `swap` and `invent` are the shares of mentions that become another name or a made-up word, `vectors` the width of the word
    vectors (0: none), `blur` how far a made-up word's vector lies from a known one's.
    """

    designs: str | None = None
    passes: int = Field(12, ge=1)
    swap: float = Field(0.1, ge=0, le=1)
    invent: float = Field(0.6, ge=0, le=1)
    vectors: int = Field(100, ge=0, le=1000)
    blur: float = Field(0.5, ge=0)
    pretrained: dict[Literal["en", "de"], Pretrained] = Field({})


class Entities(Section):
    """Which lists are searched for, in which languages, by which engines, and in which order these are trusted."""

    lists: str | None = None
    languages: tuple[Literal["en", "de"], ...] = ("en", "de")
    engines: tuple[Engine, ...] = Field(("lexicon",), min_length=1)
    trust: tuple[Engine, ...] = ()
    recogniser: Recogniser = Recogniser()
    verdicts: str | None = None

    @model_validator(mode="after")
    def _agree(self) -> Entities:
        if absent := sorted(set(self.trust) - set(self.engines)):
            raise ValueError(f"entities.trust: {absent[0]!r} is none of entities.engines {list(self.engines)}")
        return self

    @property
    def trusted(self) -> tuple[Engine, ...]:
        """The engines that the class layers go by, the most trusted first."""
        return self.trust or self.engines


class Splits(Section):
    """Who trains and who tests. `threshold` is the least coins of a class; `folds` > 1 tests every coin once."""

    threshold: int = Field(20, ge=3)
    validation: float = Field(0.1, ge=0, lt=0.5)
    test: float = Field(0.2, gt=0, lt=0.9)
    folds: int = Field(1, ge=1)
    by: Literal["coin", "type"] = "coin"
    leave_out: tuple[str, ...] = ()


class Training(Section):
    """One VGG16 a layer (and fold). `batch` is over all workers together. See training/fit.py for the recipe's source.

    `types`: where the coins' types are known, the network learns them beside its classes, in training alone.
    """

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
    types: bool = True
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
    deepcluster: DeepCluster = DeepCluster()
    features: Features = Features()
    evaluation: Evaluation = Evaluation()

    @model_validator(mode="after")
    def _agree(self) -> Config:
        names = [layer.name for layer in self.layers]
        if len(set(names)) != len(names):
            raise ValueError(f"layers: a name stands twice in {names}")
        for name in self.training.layers:
            if name not in names:
                raise ValueError(f"training.layers: no layer {name!r}; there are {names}")
        if self.features.layer is not None and self.features.layer not in names:
            raise ValueError(f"features.layer: no layer {self.features.layer!r}; there are {names}")
        if self.clustered:
            self._clusters_come_first()
        if self.training.size is not None and self.training.size not in self.ingest.sizes:
            raise ValueError(f"training.size: {self.training.size} is none of ingest.sizes {list(self.ingest.sizes)}")
        if self.splits.test + self.splits.validation >= 1:
            raise ValueError("splits: test and validation leave nothing to train on")
        labels = [source.name for source in self.sources]
        if len(set(labels)) != len(labels):
            raise ValueError(f"sources: a name stands twice in {labels}")
        return self

    def _clusters_come_first(self) -> None:
        """Clusters are cut from features before there are splits and runs."""
        named = f"clusters of layer {self.clustered[0].name!r} are made before training"
        if self.features.weights == "run":
            raise ValueError(f"features.weights: {named}, so that there is no run to take weights from; name others: imagenet, "
                             "deepcluster, a file, or null for untrained ones")
        if self.features.split is not None:
            raise ValueError(f"features.split: {named}, when there is no {self.features.split!r} yet; set it to null")

    @property
    def clustered(self) -> tuple[Layer, ...]:
        """The layers whose classes are clusters of the pictures' features."""
        return tuple(layer for layer in self.layers if layer.kind == "clusters")

    @property
    def image_size(self) -> int:
        """The size training and the report use: `training.size`, or the first of `ingest.sizes`."""
        return self.training.size or self.ingest.sizes[0]

    @property
    def image_width(self) -> int:
        """Pixels across a merged picture, which is `image_size` high."""
        return 2 * self.image_size if self.ingest.shape == "wide" else self.image_size
