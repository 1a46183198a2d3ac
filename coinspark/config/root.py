"""The whole configuration, and checks across sections."""

from __future__ import annotations

from pydantic import Field, SerializeAsAny, model_validator

from coinspark.config.common import PathText, Section, Seed
from coinspark.config.deepcluster import DeepCluster
from coinspark.config.entities import Entities
from coinspark.config.evaluation import Evaluation
from coinspark.config.features import Features
from coinspark.config.ingest import Ingest
from coinspark.config.layers import Layer, layer_kinds
from coinspark.config.sources import Source
from coinspark.config.spark import Catalog, Spark
from coinspark.config.splits import Splits
from coinspark.config.training import Training


def _mint_layer() -> tuple[Layer, ...]:
    return (Layer(name="mint", kind="mint"),)


class Config(Section):
    """The whole configuration. A stage uses only its own sections and is rebuilt when they change."""

    name: str = Field("coinspark", pattern=r"^[A-Za-z0-9_.-]+$")
    warehouse: PathText = "warehouse"
    seed: Seed = 20231215
    spark: Spark = Spark()
    catalog: Catalog = Catalog()
    sources: tuple[SerializeAsAny[Source], ...] = Field((), min_length=0)
    ingest: Ingest = Ingest()
    entities: Entities = Entities()
    layers: tuple[Layer, ...] = Field(default_factory=_mint_layer, min_length=1)
    splits: Splits = Splits()
    training: Training = Training()
    deepcluster: DeepCluster = DeepCluster()
    features: Features = Features()
    evaluation: Evaluation = Evaluation()

    @model_validator(mode="after")
    def _check_sections(self) -> Config:
        names = [layer.name for layer in self.layers]
        if len(set(names)) != len(names):
            raise ValueError(f"layers: two layers have the same name in {names}; rename one")
        for name in self.training.layers:
            if name not in names:
                raise ValueError(f"training.layers: no layer {name!r}; the layers are {names}")
        if self.features.layer is not None and self.features.layer not in names:
            raise ValueError(f"features.layer: no layer {self.features.layer!r}; the layers are {names}")
        self._check_features()
        if self.training.size is not None and self.training.size not in self.ingest.sizes:
            raise ValueError(
                f"training.size: {self.training.size} is not among ingest.sizes {list(self.ingest.sizes)}; "
                "add it there"
            )
        if self.splits.test + self.splits.validation >= 1:
            raise ValueError("splits: test and validation leave no training coins; their sum must be below 1")
        labels = [source.name for source in self.sources]
        if len(set(labels)) != len(labels):
            raise ValueError(f"sources: two sources have the same name in {labels}; rename one")
        return self

    def _check_features(self) -> None:
        """Clusters need features before splits and runs exist."""
        layers = self.layers_reading("clusters")
        if not layers:
            return
        reason = f"the clusters of layer {layers[0].name!r} are computed before splits and training"
        if self.features.weights == "run":
            raise ValueError(
                f"features.weights: {reason}, so there is no run yet; set it to imagenet, "
                "deepcluster, a weights file, or null for untrained weights"
            )
        if self.features.split is not None:
            raise ValueError(f"features.split: {reason}, so there is no split yet; set it to null")

    def layers_reading(self, table: str) -> tuple[Layer, ...]:
        """The layers whose kind reads this table, such as `clusters`."""
        kinds = layer_kinds()
        return tuple(layer for layer in self.layers if table in kinds[layer.kind].reads)

    @property
    def reference_layer(self) -> str | None:
        """Name of the layer with which others are compared: the first whose kind is a reference, or None."""
        kinds = layer_kinds()
        return next((layer.name for layer in self.layers if kinds[layer.kind].is_reference), None)

    @property
    def image_size(self) -> int:
        """Image size of training and report in pixels: `training.size`, or the first of `ingest.sizes`."""
        return self.training.size or self.ingest.sizes[0]

    @property
    def image_width(self) -> int:
        """Width in pixels of a merged image whose height is `image_size`."""
        return 2 * self.image_size if self.ingest.shape == "wide" else self.image_size
