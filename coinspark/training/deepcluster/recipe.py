"""The job of a DeepCluster training, and its progress line."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel

from coinspark.config import DeepCluster, Training
from coinspark.training.job import Job


@dataclass(frozen=True)
class DeepClusterJob(Job):
    """The job of a DeepCluster training. Labels of the shards are not used.

    Of `training`, only backbone, launch, workers and feed are used; `settings` is the section `deepcluster`.
    """

    program: str = "coinspark.training.deepcluster.learn"
    settings: DeepCluster = field(kw_only=True)

    @classmethod
    def sections(cls) -> dict[str, type[BaseModel]]:
        return {"training": Training, "settings": DeepCluster}


def progress_line(rounds: int, record: dict[str, Any], seconds: float) -> str:
    """The progress line of a round, given its record (see `DeepClusterState.history`)."""
    largest = record["sizes"][0] / sum(record["sizes"])
    line = (
        f"round {record['round']:>{len(str(rounds))}}/{rounds}  {record['clusters']} clusters, "
        f"the largest {largest:.1%}"
    )
    if record["nmi"] is not None:
        line += f"  NMI {record['nmi']:.3f}"
    return f"{line}  inertia {record['inertia']:.3f}  loss {record['loss']:.3f}  {seconds:.1f} s"
