"""Descriptions of synthetic coins, the entity lists, and relief drawing."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from coinspark.synthetic import entity_lists
from coinspark.synthetic.carving import carve, dots, oval, poly, transform
from coinspark.synthetic.descriptions import describe
from coinspark.synthetic.dies import make_die
from coinspark.synthetic.entity_lists import ANIMALS, OBJECTS, PLANTS, variants
from coinspark.synthetic.flans import Flan, Strike
from coinspark.synthetic.mintage import random_generator, types
from coinspark.synthetic.motifs.catalogue import PERSONS, REVERSES
from coinspark.synthetic.motifs.heads import HEADS
from coinspark.synthetic.photograph import die_to_photo, project
from coinspark.synthetic.scenes import Scene
from coinspark.synthetic.settings import SyntheticSource

SETTINGS = SyntheticSource(kind="synthetic", root="unused", mints=3, types_per_mint=6)
ROWS = {row[0]: row for row in (*entity_lists.PERSONS, *OBJECTS, *ANIMALS, *PLANTS)}


def forms_of(name: str, columns: tuple[int, ...]) -> list[str]:
    forms = [form.strip() for column in columns for form in ROWS[name][column].split(",")]
    return [form.casefold() for form in forms if form not in ("", "-")]


@pytest.mark.parametrize("name", REVERSES)
def test_each_wording_names_its_motif_in_both_languages(name: str) -> None:
    motif = REVERSES[name]
    assert len(motif.english) == len(motif.german)
    assert all(any(form in text.casefold() for form in forms_of(name, (0, 2))) for text in motif.english)
    assert all(any(form in text.casefold() for form in forms_of(name, (1, 3))) for text in motif.german)


def test_every_person_has_a_portrait_and_a_row_in_the_list() -> None:
    assert set(PERSONS) == set(HEADS)
    for name, person in PERSONS.items():
        assert ROWS[name][1] in person.genitive


def test_labels_of_dies_are_in_the_lists() -> None:
    for coin_type in (coin_type for mint_types in types(SETTINGS) for coin_type in mint_types):
        labels = {
            label
            for side in ("obverse", "reverse")
            for label, _ in make_die(coin_type, side, 0, 1, 192).motifs
        }
        assert {coin_type.obverse, coin_type.reverse} <= labels
        assert labels <= entity_lists.forms()


def test_texts_name_the_obverse_and_some_coins_have_no_text() -> None:
    coin_type = types(SETTINGS)[0][0]
    names = (coin_type.obverse, *(form for group in variants(coin_type.obverse) for form in group))
    texts = [describe(coin_type, random_generator("test", n)) for n in range(400)]
    described = [text for text in texts if text[0] is not None]
    assert 0.85 < len(described) / 400 < 0.98
    assert all(text[1] is not None for text in described)
    assert all(any(name in str(text[0]) for name in names) for text in described)
    assert len({text[0] for text in described}) > 3


def test_lists_have_the_columns_nulls_and_blanks_of_corpus_nummorum() -> None:
    files = entity_lists.files()
    assert set(files) == {"list_person.csv", "list_obj.csv", "list_animal.csv", "list_plant.csv"}
    rows = {name: list(csv.reader(io.StringIO(text))) for name, text in files.items()}
    assert all(len(row) == len(table[0]) for table in rows.values() for row in table)
    assert rows["list_person.csv"][0][:6] == [
        "id",
        "name",
        "name_german",
        "description",
        "alternativenames",
        "typos",
    ]
    assert rows["list_plant.csv"][0][-2:] == ["Cat_I", "Cat_II"]
    cells = [cell for table in rows.values() for row in table[1:] for cell in row]
    assert "NULL" in cells
    assert any(cell.startswith(" ") for cell in cells)


def test_carve_raises_the_part_and_leaves_the_field_at_zero() -> None:
    height = carve([oval(0, 0, 0.5, 0.5, height=0.6)], 64)
    assert height.shape == (64, 64)
    assert height.dtype == np.float32
    assert height[32, 32] == pytest.approx(0.6, abs=0.12)
    assert height[2, 2] == 0
    assert (height[:, :10] == 0).all()


def test_blend_over_hides_lower_parts_and_join_keeps_the_higher() -> None:
    low = poly([(-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)], 0.3, 0.05)
    pellet = dots([(0, 0)], 0.1, 0.9)
    square = [(-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)]
    assert carve([pellet, low], 64)[32, 32] > 0.6
    assert carve([pellet, poly(square, 0.3, 0.05, "over")], 64)[32, 32] == pytest.approx(0.3, abs=0.05)


def test_transform_rotates_clockwise() -> None:
    (part,) = transform([poly([(1, 0), (0, 0), (0, 0.5)])], 2, (0.1, 0), 90)
    np.testing.assert_allclose(part.outlines[0], [(0.1, 2), (0.1, 0), (-0.9, 0)], atol=1e-6)


def test_points_of_a_die_are_projected_into_the_photo() -> None:
    strike = Strike(die_radius=1.0, shift=(0.1, 0.0), turn=60.0, warp=np.zeros((4, 4, 2), np.float32))
    flan = Flan(
        radius=0.4,
        outline=np.ones(128, np.float32),
        strike=strike,
        wear=np.zeros((5, 5), np.float32),
        pits=0.0,
        relief=0.05,
        tint=(0.4, 0.5, 0.5),
    )
    scene = Scene(
        center=(0.5, 0.5),
        zoom=1.0,
        turn=30.0,
        azimuth=-120.0,
        elevation=40.0,
        background=0.9,
        exposure=1.0,
        noise=0.01,
        plaster=False,
    )  # die and scene turn by 90 degrees together, the flan has a radius of 40 pixels
    np.testing.assert_allclose(die_to_photo(flan, scene, 100) @ [0, 0, 1], [50, 54], atol=1e-9)
    points = project(np.array([(1, 0), (0, 1)], np.float32), flan, scene, 100)
    np.testing.assert_allclose(points, [(50, 94), (10, 54)], atol=1e-3)
