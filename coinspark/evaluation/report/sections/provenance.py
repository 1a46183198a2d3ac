"""Section "Provenance": the models, the stages with their snapshots, and the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml
from pyspark.sql import DataFrame, Row, Window
from pyspark.sql import functions as F

from coinspark.config.visible import visible_settings
from coinspark.evaluation.report.section import ReportSection
from coinspark.evaluation.report.source import ReportSource


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


SECTION = ReportSection("provenance", "Provenance", gather, "provenance.html")
