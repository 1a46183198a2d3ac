"""Section "Provenance": the models, the stages with their snapshots, and the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml
from pyspark.sql import DataFrame, Row, Window
from pyspark.sql import functions as F

from coinspark.config import Config
from coinspark.evaluation.report.section import ReportSection
from coinspark.evaluation.report.source import ReportSource

_SECRET = ("password", "secret", "token", "credential", "key-id", "access-key", "access.key", "user")


def gather(source: ReportSource) -> Mapping[str, Any]:
    """The models, the last run of each stage, and the configuration as YAML without secrets."""
    return {
        "runs": source.runs,
        "stages": last_runs(source.tables("stages")),
        "settings": yaml.safe_dump(visible_settings(source.config), sort_keys=False, allow_unicode=True),
    }


def last_runs(stages: DataFrame) -> list[Row]:
    """The newest row of each stage, in the order in which they finished."""
    newest = Window.partitionBy("stage").orderBy(F.col("finished").desc())
    ranked = stages.withColumn("nth", F.row_number().over(newest)).where("nth = 1").drop("nth")
    return ranked.orderBy("finished").collect()


def visible_settings(config: Config) -> dict[str, Any]:
    """The configuration with secrets masked: settings of catalogs and of Spark may contain passwords."""
    settings: dict[str, Any] = _mask(config.model_dump(mode="json"))
    return settings


def _mask(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _mask(item, key) for key, item in value.items()}
    if isinstance(value, list):
        return [_mask(item, name) for item in value]
    has_login = isinstance(value, str) and "://" in value and "@" in value
    is_secret = has_login or any(part in name.lower() for part in _SECRET)
    return "•••" if is_secret and value else value


SECTION = ReportSection("provenance", "Provenance", gather, "provenance.html")
