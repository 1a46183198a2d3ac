"""Figures: well-formed, escaped, and showing what the numbers say."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from markupsafe import Markup

from coinspark.evaluation import scores
from coinspark.evaluation.report import figures
from coinspark.evaluation.report.gather import Run
from coinspark.evaluation.report.training_rounds import Round
from coinspark.evaluation.table1 import Line, Score

HOSTILE = '"><script>alert(1)</script>&'


def parsed(figure: Markup) -> ElementTree.Element:
    return ElementTree.fromstring(str(figure))


def of_class(root: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [element for element in root.iter() if name in element.get("class", "").split()]


def line(name: str, low: float, high: float) -> Line:
    return Line((name, "vgg16"), "VGG16", "Mints", name, 3, {}, {}, Score((low + high) / 2, low, high), 40)


def test_forest_tells_better_worse_and_undecided_apart_by_more_than_colour() -> None:
    root = parsed(
        figures.forest([line("a", 0.01, 0.05), line("b", -0.05, -0.01), line(HOSTILE, -0.02, 0.03)])
    )
    assert [len(of_class(root, kind)) for kind in ("better", "worse", "even")] == [1, 1, 1]
    assert "a: +3.0 points, 95 % interval +1.0 to +5.0" in [element.text for element in root.iter("title")]
    assert not list(root.iter("script"))
    zero = float(of_class(root, "axis")[0].get("x1", "0"))
    assert float(of_class(root, "better")[0].find("line").get("x1", "0")) > zero  # type: ignore[union-attr]
    assert figures.forest([]) == ""


def test_heat_shows_each_pair_once_and_frames_a_split_mint() -> None:
    made = scores.matrix(
        [
            ("P/owl", "P/owl", 9),
            ("P/owl", "P/Zeus", 1),
            ("P/Zeus", "P/Zeus", 5),
            (HOSTILE, HOSTILE, 3),
            (HOSTILE, "P/owl", 1),
            ("P", "P", 20),
        ]
    )
    root = parsed(figures.heat(made, {"P/owl": "P", "P/Zeus": "P", "P": "P", HOSTILE: HOSTILE}, "a label"))
    assert (
        len(of_class(root, "hit")) == 4
        and len(of_class(root, "miss")) == 2
        and len(of_class(root, "frame")) == 1
    )
    titles = [element.text for element in root.iter("title")]
    assert f"{HOSTILE} taken for P/owl: 1 of 4 images (25 %)" in titles
    labels = [
        element.find("title").text for element in root.iter("text") if element.get("text-anchor") == "end"
    ]  # type: ignore[union-attr]
    assert labels == ["P/owl", "P/Zeus", "P", HOSTILE]  # the mint's classes together, what fits none last
    assert root.get("aria-label") == "a label" and root.get("role") == "img"


@pytest.mark.parametrize("classes", [2, 30, 150])
def test_heat_fits_the_page(classes: int) -> None:
    names = [f"Mint of some city {i}" for i in range(classes)]
    root = parsed(figures.heat(scores.matrix([(name, name, 5) for name in names]), {}, "x"))
    assert float(root.get("width", "0")) < 1300 and len(of_class(root, "hit")) == classes


def test_curves_draw_every_fold_and_mark_the_kept_epoch() -> None:
    history = [{"loss": 2.0 / n, "validation_loss": 2.1 / n, "validation_top1": n / 10} for n in range(1, 6)]
    runs = [Run("mint", "vgg16", fold, 4, history, {}) for fold in (0, 1)]
    root = parsed(figures.curves(runs, ["loss", "validation_loss"], "Loss"))
    assert (
        len(of_class(root, "solid")) == 2
        and len(of_class(root, "dashed")) == 2
        and len(of_class(root, "best")) == 2
    )
    points = of_class(root, "solid")[0].get("points", "").split()
    assert len(points) == 5 and float(points[0].split(",")[1]) < float(
        points[-1].split(",")[1]
    )  # falls: y grows downwards
    assert figures.curves([Run("mint", "hog-svm", 0, None, [], {})], ["loss"], "Loss") == ""


def test_a_loss_that_is_no_number_is_left_out() -> None:
    runs = [
        Run("mint", "vgg16", 0, None, [{"loss": float("nan")}, {"loss": 1.0}, {"loss": float("inf")}], {})
    ]
    assert (
        len(of_class(parsed(figures.curves(runs, ["loss"], "Loss")), "solid")[0].get("points", "").split())
        == 1
    )


def test_rounds_are_drawn_over_one_axis_with_the_even_share_dashed() -> None:
    learnt = [
        Round(1, 4, (70, 10, 10, 10), None, 0.8, 2.0),
        Round(2, 4, (40, 20, 20, 20), 0.5, 0.4, 1.0),
        Round(3, 4, (25, 25, 25, 25), 1.0, 0.4, 1.0),
    ]
    agreed, inertia, largest = map(parsed, figures.rounds(learnt))
    places = [circle.get("cx") for circle in of_class(inertia, "best")]
    assert places == ["40.0", "190.0", "340.0"]
    assert [circle.get("cx") for circle in of_class(agreed, "best")] == places[
        1:
    ]  # no round before the first
    assert [circle.get("cy") for circle in of_class(agreed, "best")] == [
        "100.0",
        "30.0",
    ]  # 0.5 and 1 of 140 px over 170
    assert len(of_class(largest, "solid")) == len(of_class(largest, "dashed")) == 1
    last, even = (of_class(largest, kind)[0].get("points", "").split()[-1] for kind in ("solid", "dashed"))
    assert last == even  # 25 of 100 pictures in one of four
    assert [title.text for title in agreed.iter("title")][-1] == "round 3: 1.000"


def test_one_round_and_none_are_drawn_too() -> None:
    assert len(figures.rounds([Round(1, 2, (5, 5), None, 0.5, None)])) == 2
    assert len(figures.rounds([Round(1, 2, (5, 5), None, float("nan"), None)])) == 1
    assert figures.rounds([]) == []
