"""Order of stages, derived from the tables that they read and write."""

from __future__ import annotations

from collections.abc import Sequence
from graphlib import TopologicalSorter

from coinspark.config import Config
from coinspark.pipeline.stage import Stage


def scheduled(stages: Sequence[Stage], config: Config) -> list[Stage]:
    """The stages of a nightly build, in the order in which they run."""
    return ordered([stage for stage in stages if stage.scheduled(config)], config)


def up_to(stages: Sequence[Stage], config: Config, name: str) -> list[Stage]:
    """The stage of this name and all stages that it depends on, in the order in which they run."""
    by_name = {stage.name: stage for stage in stages}
    needed, waiting = set[str](), [name]
    while waiting:
        if (current := waiting.pop()) not in needed:
            needed.add(current)
            waiting += after(by_name[current], stages, config)
    return ordered([stage for stage in stages if stage.name in needed], config)


def after(stage: Stage, stages: Sequence[Stage], config: Config) -> list[str]:
    """Names of the stages that write what this stage reads. Its own tables do not count."""
    reads = set(stage.reads(config))
    return [other.name for other in stages if other is not stage and reads & set(other.writes)]


def ordered(stages: Sequence[Stage], config: Config) -> list[Stage]:
    """The stages so that each follows those whose tables it reads; otherwise in the given order.

    Raises graphlib.CycleError where stages read each other's tables.
    """
    position = {stage.name: index for index, stage in enumerate(stages)}
    sorter = TopologicalSorter({stage.name: after(stage, stages, config) for stage in stages})
    sorter.prepare()
    names: list[str] = []
    ready: list[str] = []
    while sorter.is_active():
        ready = sorted([*ready, *sorter.get_ready()], key=position.__getitem__)
        names.append(ready.pop(0))
        sorter.done(names[-1])
    return [stages[position[name]] for name in names]
