"""The paper's Table 1: order, columns, width, verdicts, machine-readable forms."""

from __future__ import annotations

import json

import pytest
from pyspark.sql import Row

from coinspark.config import Config
from coinspark.evaluation import table1
from coinspark.evaluation.table1 import Comparison, Line, Score

LAYERS = [
    {"name": "type", "kind": "type"},
    {"name": "mint", "kind": "mint"},
    {"name": "designs", "kind": "entities"},
    {"name": "fewer", "kind": "entities"},
]
CONFIG = Config.model_validate({"layers": LAYERS})


def metric(
    key: tuple[str, str, str, str], value: float, difference: tuple[float, float, float] | None
) -> Row:
    layer, model, level, name = key
    given = difference or (None, None, None)
    return Row(
        layer=layer,
        model=model,
        level=level,
        metric=name,
        n=118,
        value=value,
        low=value - 0.05,
        high=value + 0.05,
        difference=given[0],
        difference_low=given[1],
        difference_high=given[2],
    )


def size(layer: str, mint: str, name: str, n: int) -> Row:
    return Row(layer=layer, mint=mint, **{"class": name}, n=n)


def rows() -> list[Row]:
    found = []
    for layer, model, difference in (
        ("designs", "vgg16", (0.03, 0.01, 0.05)),
        ("fewer", "vgg16", (-0.01, -0.04, 0.02)),
        ("mint", "majority", (-0.4, -0.5, -0.3)),
        ("mint", "hog-svm", (-0.07, -0.1, -0.02)),
        ("mint", "vgg16", None),
        ("type", "vgg16", (-0.02, -0.03, -0.01)),
    ):
        for level in ("class", "mint") if model != "majority" else ("mint",):
            for i, name in enumerate(("top1", "top5", "macro_recall")):
                against = difference if level == "mint" else None
                found.append(metric((layer, model, level, name), 0.7 + 0.1 * i, against))
    return found


def sizes() -> list[Row]:
    found = [size("mint", name, name, n) for name, n in (("Perinthos", 90), ("Pergamon", 300), ("Ilion", 50))]
    found += [size("designs", "Pergamon", f"Pergamon/{i}", 20) for i in range(15)]
    found += [size("designs", "Perinthos", f"Perinthos/{i}", 20) for i in range(3)]
    found += [size("designs", "Pergamon", "Pergamon", 20), size("designs", "Ilion", "Ilion", 50)]
    found += [size("fewer", "Pergamon", f"Pergamon/{i}", 60) for i in range(5)]
    found += [size("fewer", "Perinthos", "Perinthos", 90)]
    return found + [size("type", "Ilion", f"RPC {i}", 20) for i in range(4)]


@pytest.fixture
def whole() -> Comparison:
    return table1.comparison(rows(), sizes(), CONFIG)


def test_order_is_the_papers_and_yardsticks_come_last(whole: Comparison) -> None:
    assert [line.key for line in whole.lines] == [
        ("type", "vgg16"),
        ("mint", "vgg16"),
        ("designs", "vgg16"),
        ("fewer", "vgg16"),
        ("mint", "hog-svm"),
        ("mint", "majority"),
    ]
    assert whole.base == ("mint", "vgg16") and whole.mints == ("Pergamon", "Perinthos")
    assert [line.additional for line in whole.lines] == ["None", "None", "designs", "fewer", "None", "None"]
    assert [line.class_type for line in whole.lines][:2] == ["Types", "Mints"]


def test_classes_of_the_split_mints(whole: Comparison) -> None:
    assert [table1.counts(line) for line in whole.lines[:4]] == ["4 types", "1 / 1", "16 / 3", "5 / 1"]


def test_text_is_narrow_aligned_and_gives_verdicts(whole: Comparison) -> None:
    lines = table1.text(whole).splitlines()
    assert max(map(len, lines)) <= 120
    assert "at its own classes" in lines[0] and "rolled up to mints" in lines[0]
    values = "70.0% 80.0% 90.0%"
    assert " ".join(lines[1].split()) == (
        "Architecture Type Class Layer Perinthos Top-1 Top-5 Macro Top-1 Top-5 Macro Top-1, 95 % interval coins"
    )
    assert " ".join(lines[5].split()) == f"VGG16 Mints designs 16 / 3 {values} {values} +3.0 [+1.0, +5.0] 118"
    assert " ".join(lines[8].split()) == f"Biggest mint Mints None {values} -40.0 [-50.0, -30.0] 118"
    assert lines[-2] == "designs helped: +3.0 [+1.0, +5.0] points of top-1 on 118 test coins."
    assert lines[-1] == (
        "fewer made no difference that can be told from chance: "
        "-1.0 [-4.0, +2.0] points of top-1 on 118 test coins."
    )


def test_verdict_on_harm_and_without_baseline(whole: Comparison) -> None:
    line = Line(("x", "vgg16"), "VGG16", "Mints", "x", 3, {}, {}, Score(-0.02, -0.03, -0.01), 40)
    assert table1.verdict(line) == "x did harm: -2.0 [-3.0, -1.0] points of top-1 on 40 test coins."
    alone = table1.comparison([row for row in rows() if row["layer"] == "designs"], sizes(), CONFIG)
    assert alone.base is None


def test_flat_rows_hold_every_interval(whole: Comparison) -> None:
    columns, found = table1.flat(whole)
    assert all(len(row) == len(columns) for row in found)
    row = dict(zip(columns, found[2], strict=True))
    assert (row["additional_layer"], row["mint_top1"], row["difference_high"]) == ("designs", 0.7, 0.05)
    assert row["mint_top1_low"] == pytest.approx(0.65)
    assert json.loads(str(row["split_mints"])) == {"Pergamon": 16, "Perinthos": 3}


def test_many_split_mints_are_counted_together() -> None:
    found = [size("designs", f"m{i}", f"m{i}/{j}", 30) for i in range(5) for j in range(3)]
    whole = table1.comparison(rows(), found, CONFIG)
    assert table1.counts_title(whole.mints) == ["Classes of the", "5 split mints"]
    assert table1.counts(next(line for line in whole.lines if line.key[0] == "designs")) == "15"


def test_a_name_with_a_line_break_stays_on_its_line() -> None:
    whole = table1.comparison(rows(), [size("designs", "Bad\nname", "Bad\nname/owl", 30)], CONFIG)
    assert "Bad\\nname" in table1.text(whole).splitlines()[0]
