"""Table 1 as text, CSV and JSON."""

from __future__ import annotations

import json

import pytest

from coinspark.evaluation import table1
from coinspark.evaluation.comparison import Comparison, comparison
from tests.evaluation.comparison_rows import CONFIG, RUNS, class_sizes, metric_rows, size


@pytest.fixture
def table() -> Comparison:
    return comparison(metric_rows(), class_sizes(), RUNS, CONFIG)


def test_counts_are_the_classes_of_the_split_mints(table: Comparison) -> None:
    assert [table1.counts(row) for row in table.rows[:4]] == ["4 types", "1 / 1", "16 / 3", "5 / 1"]


def test_text_is_narrow_and_aligned_and_ends_with_verdicts(table: Comparison) -> None:
    lines = table1.text(table).splitlines()
    assert lines[-5] == "p: corrected resampled t-test over 10 folds, Holm-adjusted over 3 layers."
    assert lines[-4] == "* designs: fitted on all coins, test coins included: class selection."
    assert max(map(len, lines)) <= 120
    assert "at its own classes" in lines[0] and "rolled up to mints" in lines[0]
    values = "70.0% 80.0% 90.0%"
    assert " ".join(lines[1].split()) == (
        "Architecture Type Class Layer Perinthos Top-1 Top-5 Macro Top-1 Top-5 Macro "
        "Top-1, 95 % interval coins"
    )
    assert (
        " ".join(lines[5].split()) == f"VGG16 Mints designs* 16 / 3 {values} {values} +3.0 [+1.0, +5.0] 118"
    )
    assert " ".join(lines[8].split()) == f"Majority class Mints None {values} -40.0 [-50.0, -30.0] 118"
    assert lines[-2] == (
        "designs: better than the reference layer, +3.0 [+1.0, +5.0] points of top-1 on 118 test coins, "
        "p = 0.021."
    )
    assert lines[-1] == (
        "fewer: no significant difference (95 % CI), -1.0 [-4.0, +2.0] points of top-1 on 118 test coins, "
        "p = 0.400."
    )


def test_text_of_one_split_claims_nothing() -> None:
    text = table1.text(comparison(metric_rows(resamples=1), class_sizes(), RUNS, CONFIG))
    assert "better" not in text and "worse" not in text and "significant" not in text
    assert "designs: +3.0 [+1.0, +5.0] points of top-1 on 118 test coins of this split; no claim." in text
    assert "The intervals are of this split; a claim needs at least 5 folds" in text
    assert max(map(len, text.splitlines())) <= 120


def test_flat_rows_have_every_interval(table: Comparison) -> None:
    columns, rows = table1.flat(table)
    assert all(len(row) == len(columns) for row in rows)
    row = dict(zip(columns, rows[2], strict=True))
    assert (row["additional_layer"], row["mint_top1"], row["difference_high"]) == ("designs", 0.7, 0.05)
    assert row["mint_top1_low"] == pytest.approx(0.65)
    assert (row["resamples"], row["p_adjusted"], row["effect"]) == (10, 0.021, "better")
    assert row["unsupervised"] == "class selection"
    assert json.loads(str(row["split_mints"])) == {"Pergamon": 16, "Perinthos": 3}


def test_more_than_three_split_mints_are_counted_together() -> None:
    sizes = [size("designs", f"m{i}", f"m{i}/{j}", 30) for i in range(5) for j in range(3)]
    table = comparison(metric_rows(), sizes, RUNS, CONFIG)
    assert table1.counts_title(table.mints) == ["Classes of the", "5 split mints"]
    assert table1.counts(next(row for row in table.rows if row.key[0] == "designs")) == "15"


def test_line_break_in_a_name_is_escaped() -> None:
    table = comparison(metric_rows(), [size("designs", "Bad\nname", "Bad\nname/owl", 30)], RUNS, CONFIG)
    assert "Bad\\nname" in table1.text(table).splitlines()[0]
