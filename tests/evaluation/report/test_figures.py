"""Figures: well-formed, escaped, and true to the numbers."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from markupsafe import Markup

from coinspark.evaluation.comparison import ComparisonRow, Score
from coinspark.evaluation.confusion import confusion_matrix
from coinspark.evaluation.report.deepcluster_rounds import Round
from coinspark.evaluation.report.figures.curves import round_plots, training_curves
from coinspark.evaluation.report.figures.heatmap import confusion_heatmap
from coinspark.evaluation.report.figures.intervals import interval_chart
from coinspark.evaluation.report.runs import Run

HOSTILE = '"><script>alert(1)</script>&'


def parsed(figure: Markup) -> ElementTree.Element:
    return ElementTree.fromstring(str(figure))


def of_class(root: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [element for element in root.iter() if name in element.get("class", "").split()]


def row(name: str, low: float, high: float, p_value: float | None = None) -> ComparisonRow:
    difference = Score((low + high) / 2, low, high)
    return ComparisonRow((name, "vgg16"), "VGG16", "Mints", name, 3, {}, {}, difference, 40, p_value=p_value)


def test_interval_chart_marks_better_worse_and_undecided_layers() -> None:
    rows = [row("a", 0.01, 0.05, 0.01), row("b", -0.05, -0.01, 0.01), row(HOSTILE, -0.02, 0.03, 0.3)]
    root = parsed(interval_chart(rows))
    assert [len(of_class(root, effect)) for effect in ("better", "worse", "even")] == [1, 1, 1]
    assert "a: +3.0 points, 95 % interval +1.0 to +5.0" in [element.text for element in root.iter("title")]
    assert not list(root.iter("script"))
    zero = float(of_class(root, "axis")[0].get("x1", "0"))
    assert float(of_class(root, "better")[0].find("line").get("x1", "0")) > zero  # type: ignore[union-attr]
    assert interval_chart([]) == ""


def test_interval_chart_of_one_split_marks_no_layer() -> None:
    root = parsed(interval_chart([row("a", 0.01, 0.05), row("b", -0.05, -0.01)]))
    assert [len(of_class(root, effect)) for effect in ("better", "worse", "untested")] == [0, 0, 2]


def test_heatmap_has_one_cell_per_pair_and_frames_a_split_mint() -> None:
    matrix = confusion_matrix(
        [
            ("P/owl", "P/owl", 9),
            ("P/owl", "P/Zeus", 1),
            ("P/Zeus", "P/Zeus", 5),
            (HOSTILE, HOSTILE, 3),
            (HOSTILE, "P/owl", 1),
            ("P", "P", 20),
        ]
    )
    root = parsed(
        confusion_heatmap(matrix, {"P/owl": "P", "P/Zeus": "P", "P": "P", HOSTILE: HOSTILE}, "a label")
    )
    assert (
        len(of_class(root, "hit")) == 4
        and len(of_class(root, "miss")) == 2
        and len(of_class(root, "frame")) == 1
    )
    titles = [element.text for element in root.iter("title")]
    assert f"{HOSTILE} predicted as P/owl: 1 of 4 images (25 %)" in titles
    labels = [
        element.find("title").text for element in root.iter("text") if element.get("text-anchor") == "end"
    ]  # type: ignore[union-attr]
    assert labels == ["P/owl", "P/Zeus", "P", HOSTILE]  # the mint's own class is the last of its classes
    assert root.get("aria-label") == "a label" and root.get("role") == "img"


@pytest.mark.parametrize("classes", [2, 30, 150])
def test_heatmap_fits_the_page(classes: int) -> None:
    names = [f"Mint of some city {i}" for i in range(classes)]
    root = parsed(confusion_heatmap(confusion_matrix([(name, name, 5) for name in names]), {}, "x"))
    assert float(root.get("width", "0")) < 1300 and len(of_class(root, "hit")) == classes


def test_training_curves_show_every_fold_and_mark_the_best_epoch() -> None:
    history = [{"loss": 2.0 / n, "validation_loss": 2.1 / n, "validation_top1": n / 10} for n in range(1, 6)]
    runs = [Run("mint", "vgg16", fold, 4, history, {}) for fold in (0, 1)]
    root = parsed(training_curves(runs, ["loss", "validation_loss"], "Loss"))
    assert (
        len(of_class(root, "solid")) == 2
        and len(of_class(root, "dashed")) == 2
        and len(of_class(root, "best")) == 2
    )
    points = of_class(root, "solid")[0].get("points", "").split()
    assert len(points) == 5 and float(points[0].split(",")[1]) < float(
        points[-1].split(",")[1]
    )  # the loss decreases: y grows downwards
    assert training_curves([Run("mint", "hog-svm", 0, None, [], {})], ["loss"], "Loss") == ""


def test_loss_that_is_not_finite_is_left_out() -> None:
    runs = [
        Run("mint", "vgg16", 0, None, [{"loss": float("nan")}, {"loss": 1.0}, {"loss": float("inf")}], {})
    ]
    assert (
        len(of_class(parsed(training_curves(runs, ["loss"], "Loss")), "solid")[0].get("points", "").split())
        == 1
    )


def test_round_plots_share_an_axis_and_show_the_mean_share_dashed() -> None:
    rounds = [
        Round(1, 4, (70, 10, 10, 10), None, 0.8, 2.0),
        Round(2, 4, (40, 20, 20, 20), 0.5, 0.4, 1.0),
        Round(3, 4, (25, 25, 25, 25), 1.0, 0.4, 1.0),
    ]
    nmi, inertia, largest = map(parsed, round_plots(rounds))
    positions = [circle.get("cx") for circle in of_class(inertia, "best")]
    assert positions == ["40.0", "190.0", "340.0"]
    assert [circle.get("cx") for circle in of_class(nmi, "best")] == positions[1:]  # no NMI in round 1
    assert [circle.get("cy") for circle in of_class(nmi, "best")] == [
        "100.0",
        "30.0",
    ]  # 0.5 and 1 of 140 pixels, from 170 upwards
    assert len(of_class(largest, "solid")) == len(of_class(largest, "dashed")) == 1
    solid, dashed = (of_class(largest, style)[0].get("points", "") for style in ("solid", "dashed"))
    assert solid.split()[-1] == dashed.split()[-1]  # 25 of 100 images in each of four clusters
    assert [title.text for title in nmi.iter("title")][-1] == "round 3: 1.000"


def test_round_plots_of_one_round_and_of_none() -> None:
    assert len(round_plots([Round(1, 2, (5, 5), None, 0.5, None)])) == 2
    assert len(round_plots([Round(1, 2, (5, 5), None, float("nan"), None)])) == 1
    assert round_plots([]) == []
