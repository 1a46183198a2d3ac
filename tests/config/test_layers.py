"""Class layers: the mints that a layer splits, and its kind."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from coinspark.config import Config, Layer, Split
from coinspark.core.errors import InputError

SIZES = {"A": 10, "B": 400, "C": 401, "D": 401}


def test_mints_are_selected_by_name_by_size_and_by_rank() -> None:
    assert Split(mints=("A",)).mints_of(SIZES, "x") == ("A",)
    assert Split(larger_than=400).mints_of(SIZES, "x") == ("C", "D")
    assert Split(mints=("A",), largest=1).mints_of(SIZES, "x") == ("A", "C")
    assert Split().mints_of(SIZES, "x") == ()


def test_unknown_mint_is_named_with_the_nearest_name() -> None:
    with pytest.raises(
        InputError, match=r"layers: x: split\.mints: no coin has the mint 'Pergamum'; did you mean 'Pergamon'"
    ):
        Split(mints=("Pergamum",)).mints_of({"Pergamon": 1, "Ilion": 2}, "x")


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("entitys", "unknown layer kind 'entitys'; did you mean 'entities'?"),
        ("nowhere.kinds:KIND", "layer kind 'nowhere.kinds:KIND' cannot be imported"),
    ],
)
def test_unknown_kind_is_refused(kind: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message.replace("?", r"\?")):
        Layer(name="x", kind=kind)


def test_layers_are_found_by_the_tables_that_they_read() -> None:
    layers = [{"name": kind, "kind": kind} for kind in ("type", "entities", "mint", "clusters")]
    config = Config.model_validate({"layers": layers, "features": {"weights": None}})
    assert [layer.name for layer in config.layers_reading("entities")] == ["entities"]
    assert [layer.name for layer in config.layers_reading("clusters")] == ["clusters"]
    assert config.reference_layer == "mint"
    assert Config.model_validate({"layers": layers[:2]}).reference_layer is None
