"""A small comparison for the tests: four layers, three of them with a difference, and two baselines."""

from __future__ import annotations

from pyspark.sql import Row

from coinspark.config import Config

LAYERS = [
    {"name": "type", "kind": "type"},
    {"name": "mint", "kind": "mint"},
    {"name": "designs", "kind": "entities"},
    {"name": "fewer", "kind": "entities"},
]
CONFIG = Config.model_validate({"layers": LAYERS})
RUNS = [
    *(Row(layer=layer, model="vgg16", role="network") for layer in ("type", "mint", "designs", "fewer")),
    Row(layer="mint", model="hog-svm", role="baseline"),
]


def metric(
    key: tuple[str, str, str, str],
    value: float,
    difference: tuple[float, float, float] | None,
    p_adjusted: float | None = None,
    resamples: int = 10,
) -> Row:
    """A row of the table `metrics`; the interval is value ± 0.05."""
    layer, model, level, name = key
    values = difference or (None, None, None)
    return Row(
        layer=layer,
        model=model,
        level=level,
        metric=name,
        n=118,
        value=value,
        low=value - 0.05,
        high=value + 0.05,
        difference=values[0],
        difference_low=values[1],
        difference_high=values[2],
        resamples=resamples if difference else None,
        p_value=None,
        p_adjusted=p_adjusted,
        is_reference=(layer, model) == ("mint", "vgg16"),
        unsupervised=["class selection"] if layer in ("designs", "fewer") else [],
    )


def size(layer: str, mint: str, name: str, n: int) -> Row:
    """A class with `n` coins."""
    return Row(layer=layer, mint=mint, **{"class": name}, n=n)


def metric_rows(resamples: int = 10) -> list[Row]:
    """Top-1 0.7, top-5 0.8 and macro recall 0.9 for every layer; ten folds, or one split without a test."""
    rows = []
    for layer, model, difference, p in (
        ("designs", "vgg16", (0.03, 0.01, 0.05), 0.021),
        ("fewer", "vgg16", (-0.01, -0.04, 0.02), 0.4),
        ("mint", "majority", (-0.4, -0.5, -0.3), None),
        ("mint", "hog-svm", (-0.07, -0.1, -0.02), None),
        ("mint", "vgg16", None, None),
        ("type", "vgg16", (-0.02, -0.03, -0.01), 0.0004),
    ):
        for level in ("class", "mint") if model != "majority" else ("mint",):
            for i, name in enumerate(("top1", "top5", "macro_recall")):
                at_mint = difference if level == "mint" else None
                p_adjusted = p if level == "mint" and resamples > 1 else None
                rows.append(
                    metric((layer, model, level, name), 0.7 + 0.1 * i, at_mint, p_adjusted, resamples)
                )
    return rows


def class_sizes() -> list[Row]:
    """Pergamon with 16 classes in designs and 5 in fewer; Perinthos with 3 and 1."""
    rows = [size("mint", name, name, n) for name, n in (("Perinthos", 90), ("Pergamon", 300), ("Ilion", 50))]
    rows += [size("designs", "Pergamon", f"Pergamon/{i}", 20) for i in range(15)]
    rows += [size("designs", "Perinthos", f"Perinthos/{i}", 20) for i in range(3)]
    rows += [size("designs", "Pergamon", "Pergamon", 20), size("designs", "Ilion", "Ilion", 50)]
    rows += [size("fewer", "Pergamon", f"Pergamon/{i}", 60) for i in range(5)]
    rows += [size("fewer", "Perinthos", "Perinthos", 90)]
    return rows + [size("type", "Ilion", f"RPC {i}", 20) for i in range(4)]
