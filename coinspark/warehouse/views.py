"""Views: the sides of a split, class sizes, and suspects."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class View:
    """A view: name, documentation, columns, and its SELECT with `{table}` in place of a table's full name."""

    name: str
    doc: str
    columns: tuple[str, ...]
    sql: str

    def select(self, table_name: Callable[[str], str], suspect_threshold: float) -> str:
        """The SELECT statement.

        Args:
            table_name: Returns the identifier to use for a table.
            suspect_threshold: Probability from which a prediction that contradicts the record is a suspect.
        """
        names = {name: table_name(name) for name in ("coins", "splits", "classes", "runs", "predictions")}
        return self.sql.format(**names, threshold=repr(suspect_threshold))


def _side(split: str, doc: str) -> View:
    return View(
        split,
        doc,
        ("layer", "fold", "coin_id", "medium", "mint", "class", "types", "image_id"),
        "SELECT s.layer, s.fold, s.coin_id, s.medium, s.mint, s.class, c.types, c.image_id "
        "FROM {splits} s JOIN {coins} c ON s.coin_id = c.coin_id AND s.medium = c.medium "
        f"WHERE s.split = '{split}'",
    )


_CLASS_SIZES = """
SELECT layer, fold, mint, class, count(DISTINCT coin_id), count(*), count_if(split = 'train'),
       count_if(split = 'validation'), count_if(split = 'test')
FROM {splits} GROUP BY layer, fold, mint, class
"""

_SUSPECTS = """
SELECT r.layer, p.coin_id, p.medium, c.mint AS recorded, p.mint AS predicted,
       max(p.probability) AS probability, c.obverse.uri AS obverse, c.reverse.uri AS reverse
FROM {predictions} p JOIN {runs} r ON p.run_id = r.run_id
JOIN {coins} c ON p.coin_id = c.coin_id AND p.medium = c.medium
WHERE p.level = 'mint' AND p.rank = 1 AND r.role = 'network' AND p.mint <> c.mint
  AND p.probability >= {threshold}D
GROUP BY r.layer, p.coin_id, p.medium, c.mint, p.mint, c.obverse.uri, c.reverse.uri
"""

VIEWS: dict[str, View] = {
    view.name: view
    for view in (
        _side("train", "training coins of each layer and fold"),
        _side("validation", "validation coins of each layer and fold"),
        _side("test", "test coins of each layer and fold"),
        View(
            "class_sizes",
            "number of coins and images of each class on each side",
            ("layer", "fold", "mint", "class", "coins", "images", "train", "validation", "test"),
            _CLASS_SIZES,
        ),
        View(
            "suspects",
            "confident predictions that contradict the recorded mint; with several repeats the most probable",
            ("layer", "coin_id", "medium", "recorded", "predicted", "probability", "obverse", "reverse"),
            _SUSPECTS,
        ),
    )
}
