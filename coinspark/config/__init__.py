"""Configuration: one frozen pydantic model, one module per section; unknown keys are errors."""

from coinspark.config.common import Augment, Section
from coinspark.config.deepcluster import DeepCluster
from coinspark.config.entities import Entities, Pretrained, Recogniser
from coinspark.config.evaluation import Evaluation
from coinspark.config.features import Features
from coinspark.config.ingest import Ingest
from coinspark.config.layers import Layer, Split
from coinspark.config.loading import load
from coinspark.config.root import Config
from coinspark.config.sources import Columns, Source
from coinspark.config.spark import Catalog, Spark
from coinspark.config.splits import Splits
from coinspark.config.training import Training

__all__ = [
    "Augment",
    "Catalog",
    "Columns",
    "Config",
    "DeepCluster",
    "Entities",
    "Evaluation",
    "Features",
    "Ingest",
    "Layer",
    "Pretrained",
    "Recogniser",
    "Section",
    "Source",
    "Spark",
    "Split",
    "Splits",
    "Training",
    "load",
]
