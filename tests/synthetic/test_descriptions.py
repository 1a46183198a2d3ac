"""What is written about synthetic coins, the lists that find it, and the drawing underneath."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest

from coinspark.synthetic import entity_lists
from coinspark.synthetic.carving import carve, dots, oval, place, poly
from coinspark.synthetic.descriptions import describe
from coinspark.synthetic.dies import die
from coinspark.synthetic.entity_lists import ANIMALS, OBJECTS, PLANTS, variants
from coinspark.synthetic.mintage import draw, types
from coinspark.synthetic.motifs.catalogue import PERSONS, REVERSES
from coinspark.synthetic.motifs.heads import HEADS
from coinspark.synthetic.photograph import Piece, Shot, placement, spots
from coinspark.synthetic.settings import SyntheticSource

SETTINGS = SyntheticSource(kind="synthetic", root="unused", mints=3, types_per_mint=6)
ROWS = {row[0]: row for row in (*entity_lists.PERSONS, *OBJECTS, *ANIMALS, *PLANTS)}


def spelt(name: str, columns: tuple[int, ...]) -> list[str]:
    forms = [form.strip() for column in columns for form in ROWS[name][column].split(",")]
    return [form.casefold() for form in forms if form not in ("", "-")]


@pytest.mark.parametrize("name", REVERSES)
def test_each_wording_names_its_motif_in_both_languages(name: str) -> None:
    motif = REVERSES[name]
    assert len(motif.english) == len(motif.german)
    assert all(any(form in text.casefold() for form in spelt(name, (0, 2))) for text in motif.english)
    assert all(any(form in text.casefold() for form in spelt(name, (1, 3))) for text in motif.german)


def test_every_person_has_a_head_and_a_place_in_the_list() -> None:
    assert set(PERSONS) == set(HEADS)
    for name, person in PERSONS.items():
        assert ROWS[name][1] in person.genitive


def test_whatever_a_die_labels_stands_in_the_lists() -> None:
    for kind in (kind for kinds in types(SETTINGS) for kind in kinds):
        labels = {label for side in ("obverse", "reverse") for label, _ in die(kind, side, 0, 1, 192).motifs}
        assert {kind.obverse, kind.reverse} <= labels
        assert labels <= entity_lists.forms()


def test_texts_name_the_obverse_and_some_coins_have_none() -> None:
    kind = types(SETTINGS)[0][0]
    names = (kind.obverse, *(form for group in variants(kind.obverse) for form in group))
    texts = [describe(kind, draw("test", n)) for n in range(400)]
    described = [text for text in texts if text[0] is not None]
    assert 0.85 < len(described) / 400 < 0.98
    assert all(text[1] is not None for text in described)
    assert all(any(name in str(text[0]) for name in names) for text in described)
    assert len({text[0] for text in described}) > 3


def test_lists_have_the_columns_and_the_habits_of_the_real_ones() -> None:
    files = entity_lists.files()
    assert set(files) == {"list_person.csv", "list_obj.csv", "list_animal.csv", "list_plant.csv"}
    rows = {name: list(csv.reader(io.StringIO(text))) for name, text in files.items()}
    assert all(len(row) == len(found[0]) for found in rows.values() for row in found)
    assert rows["list_person.csv"][0][:6] == [
        "id",
        "name",
        "name_german",
        "description",
        "alternativenames",
        "typos",
    ]
    assert rows["list_plant.csv"][0][-2:] == ["Cat_I", "Cat_II"]
    cells = [cell for found in rows.values() for row in found[1:] for cell in row]
    assert "NULL" in cells
    assert any(cell.startswith(" ") for cell in cells)


def test_carving_raises_what_is_drawn_and_nothing_else() -> None:
    height = carve([oval(0, 0, 0.5, 0.5, lift=0.6)], 64)
    assert height.shape == (64, 64)
    assert height.dtype == np.float32
    assert height[32, 32] == pytest.approx(0.6, abs=0.12)
    assert height[2, 2] == 0
    assert (height[:, :10] == 0).all()


def test_over_hides_join_does_not() -> None:
    low = poly([(-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)], 0.3, 0.05)
    pellet = dots([(0, 0)], 0.1, 0.9)
    square = [(-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)]
    assert carve([pellet, low], 64)[32, 32] > 0.6
    assert carve([pellet, poly(square, 0.3, 0.05, "over")], 64)[32, 32] == pytest.approx(0.3, abs=0.05)


def test_placing_turns_clockwise_as_seen() -> None:
    (part,) = place([poly([(1, 0), (0, 0), (0, 0.5)])], 2, (0.1, 0), 90)
    np.testing.assert_allclose(part.outlines[0], [(0.1, 2), (0.1, 0), (-0.9, 0)], atol=1e-6)


def test_points_of_a_die_come_to_lie_where_they_should() -> None:
    piece = Piece(
        0.4,
        1.0,
        np.ones(128, np.float32),
        (0.1, 0.0),
        60.0,
        np.zeros((4, 4, 2), np.float32),
        np.zeros((5, 5), np.float32),
        0.0,
        0.05,
        (0.4, 0.5, 0.5),
    )
    shot = Shot(
        (0.5, 0.5), 1.0, 30.0, -120.0, 40.0, 0.9, 1.0, 0.01, False
    )  # 90 degrees in all, flan 40 pixels
    np.testing.assert_allclose(placement(piece, shot, 100) @ [0, 0, 1], [50, 54], atol=1e-9)
    found = spots(np.array([(1, 0), (0, 1)], np.float32), piece, shot, 100)
    np.testing.assert_allclose(found, [(50, 94), (10, 54)], atol=1e-3)
