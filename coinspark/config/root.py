"""The whole configuration, and the checks that involve more than one section."""

from __future__ import annotations

from pydantic import Field, model_validator

from coinspark.config.common import Section
from coinspark.config.deepcluster import DeepCluster
from coinspark.config.entities import Entities
from coinspark.config.evaluation import Evaluation
from coinspark.config.features import Features
from coinspark.config.ingest import Ingest
from coinspark.config.layers import Layer
from coinspark.config.sources import AnySource
from coinspark.config.spark import Catalog, Spark
from coinspark.config.splits import Splits
from coinspark.config.training import Training


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
            raise ValueError(
                f"training.size: {self.training.size} is none of ingest.sizes {list(self.ingest.sizes)}"
            )
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
            raise ValueError(
                f"features.weights: {named}, so that there is no run to take weights from; name others: imagenet, "
                "deepcluster, a file, or null for untrained ones"
            )
        if self.features.split is not None:
            raise ValueError(
                f"features.split: {named}, when there is no {self.features.split!r} yet; set it to null"
            )

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
