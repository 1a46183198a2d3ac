"""The views for people: who trains, who tests, how big each class is, which records a confident prediction contradicts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class View:
    """A view's name, meaning, columns, and its SELECT with `{table}` where a table's full name goes."""

    name: str
    meaning: str
    columns: tuple[str, ...]
    sql: str

    def select(self, place: Callable[[str], str], suspect: float) -> str:
        """The SELECT with each `{table}` put in by `place` and the probability from which a contradiction counts."""
        names = {name: place(name) for name in ("coins", "splits", "classes", "runs", "predictions")}
        return self.sql.format(**names, threshold=repr(suspect))


def _side(split: str, meaning: str) -> View:
    return View(
        split,
        meaning,
        ("layer", "fold", "coin_id", "medium", "mint", "class", "types", "image_id"),
        "SELECT s.layer, s.fold, s.coin_id, s.medium, s.mint, s.class, c.types, c.image_id "
        "FROM {splits} s JOIN {coins} c ON s.coin_id = c.coin_id AND s.medium = c.medium "
        f"WHERE s.split = '{split}'",
    )


_SUSPECTS = """
SELECT r.layer, p.coin_id, p.medium, c.mint AS recorded, p.mint AS predicted, p.probability, c.obverse.uri AS obverse,
       c.reverse.uri AS reverse
FROM {predictions} p JOIN {runs} r ON p.run_id = r.run_id
JOIN {coins} c ON p.coin_id = c.coin_id AND p.medium = c.medium
WHERE p.level = 'mint' AND p.rank = 1 AND r.role = 'network' AND p.mint <> c.mint
  AND p.probability >= {threshold}D
"""

VIEWS: dict[str, View] = {
    view.name: view
    for view in (
        _side("train", "the coins that a layer is trained on"),
        _side("validation", "the coins that decide when training stops"),
        _side("test", "the coins that no training saw"),
        View(
            "class_sizes",
            "how many coins and images each class of a layer has on each side",
            ("layer", "fold", "mint", "class", "coins", "images", "train", "validation", "test"),
            "SELECT layer, fold, mint, class, count(DISTINCT coin_id), count(*), count_if(split = 'train'), "
            "count_if(split = 'validation'), count_if(split = 'test') FROM {splits} GROUP BY layer, fold, mint, class",
        ),
        View(
            "suspects",
            "confident predictions that contradict the recorded mint",
            ("layer", "coin_id", "medium", "recorded", "predicted", "probability", "obverse", "reverse"),
            _SUSPECTS,
        ),
    )
}
