"""The order of stages follows from their tables."""

from __future__ import annotations

from graphlib import CycleError

import pytest

from coinspark.config import Config
from coinspark.pipeline import graph
from coinspark.pipeline.stage import Stage


def stage(name: str, reads: tuple[str, ...], writes: tuple[str, ...], scheduled: bool = True) -> Stage:
    return Stage(
        name=name,
        help="",
        reads=lambda config: reads,
        writes=writes,
        settings=lambda config: None,
        build=lambda context: {},
        scheduled=lambda config: scheduled,
    )


LATE, MIDDLE, FIRST = (
    stage("late", ("b",), ("c",)),
    stage("middle", ("a", "b"), ("b",)),
    stage("first", (), ("a",)),
)
STAGES = (LATE, MIDDLE, FIRST)


def names(stages: list[Stage]) -> list[str]:
    return [stage.name for stage in stages]


def test_each_stage_follows_those_whose_tables_it_reads() -> None:
    assert names(graph.ordered(STAGES, Config())) == ["first", "middle", "late"]


def test_without_shared_tables_the_given_order_stays() -> None:
    one, two, three = stage("one", (), ("x",)), stage("two", (), ("y",)), stage("three", (), ("z",))
    assert names(graph.ordered((three, one, two), Config())) == ["three", "one", "two"]


def test_up_to_takes_a_stage_and_what_it_depends_on() -> None:
    other = stage("other", ("a",), ("z",))
    assert names(graph.up_to((*STAGES, other), Config(), "middle")) == ["first", "middle"]
    assert names(graph.up_to((*STAGES, other), Config(), "other")) == ["first", "other"]


def test_stages_that_are_not_scheduled_are_left_out() -> None:
    extra = stage("extra", ("a",), ("z",), scheduled=False)
    assert names(graph.scheduled((*STAGES, extra), Config())) == ["first", "middle", "late"]


def test_a_cycle_is_an_error() -> None:
    with pytest.raises(CycleError):
        graph.ordered((stage("a", ("y",), ("x",)), stage("b", ("x",), ("y",))), Config())
