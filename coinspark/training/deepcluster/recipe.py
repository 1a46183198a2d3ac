"""What a DeepCluster training is told, and the line that it says after each round."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any

from coinspark.config import DeepCluster, Training
from coinspark.training.shards import Shards


@dataclass(frozen=True)
class Job:
    """One training: its folder, its shards, the size of a picture in pixels, the settings, the seed, the precision as resolved.

    `training` says how workers are launched and fed; the rest of it is another training's.
    """

    folder: str
    shards: Shards
    height: int
    width: int
    plan: DeepCluster
    training: Training
    seed: int
    precision: str
    program: str = "coinspark.training.deepcluster.learn"

    def to_json(self) -> str:
        """The job as text, for a process of its own."""
        settings = {name: getattr(self, name).model_dump(mode="json") for name in ("plan", "training")}
        return json.dumps({**self.__dict__, "shards": asdict(self.shards), **settings})

    @staticmethod
    def from_json(text: str) -> Job:
        """The way back."""
        plain = json.loads(text)
        shards, plan = Shards.from_plain(plain.pop("shards")), DeepCluster.model_validate(plain.pop("plan"))
        return Job(shards=shards, plan=plan, training=Training.model_validate(plain.pop("training")), **plain)


def progress_line(job: Job, done: int, record: dict[str, Any], seconds: float) -> str:
    """The line a person reads after each round."""
    rounds, largest = job.plan.rounds, record["sizes"][0] / sum(record["sizes"])
    line = (
        f"round {done:>{len(str(rounds))}}/{rounds}  {record['clusters']} clusters, the largest {largest:.1%}"
    )
    if record["nmi"] is not None:
        line += f"  NMI {record['nmi']:.3f}"
    return f"{line}  inertia {record['inertia']:.3f}  loss {record['loss']:.3f}  {seconds:.1f} s"
