"""Mints that cannot be clustered, and the progress line of a mint."""

from __future__ import annotations

import pytest

from coinspark.config import Layer
from coinspark.vision.mint_clusters import NO_IMAGES, MintResult, reason_left_whole


@pytest.mark.parametrize(
    ("images", "settings", "reason"),
    [
        (0, {"k": 2}, NO_IMAGES),
        (1_999, {"k": 2_000}, "1,999 images are fewer than 2,000 clusters"),
        (2_000, {"k": 2_000}, None),
        (5, {"k": 1}, "k is 1"),
        (79, {"min_coins": 40}, "79 images are too few for 2 clusters of 40"),
        (80, {"min_coins": 40}, None),
        (80, {"min_coins": 40, "max_classes": 1}, "max_classes is 1"),
    ],
)
def test_reason_is_given_for_mints_that_cannot_be_clustered(
    images: int, settings: dict[str, int], reason: str | None
) -> None:
    layer = Layer.model_validate({"name": "parts", "kind": "clusters", **settings})
    assert reason_left_whole(images, layer) == reason


def test_progress_line_names_clusters_silhouette_and_note_or_the_reason() -> None:
    clustered = MintResult(
        2_000, clusters=4, largest=900, silhouette=0.51249, note="1 of 4 clusters are empty"
    )
    assert str(clustered) == (
        "2,000 images in 4 clusters, selected by a silhouette of 0.512, the largest 45%; "
        "1 of 4 clusters are empty"
    )
    assert str(MintResult(3, clusters=2, largest=2)) == "3 images in 2 clusters, the largest 67%"
    assert str(MintResult(3, reason="k is 1")) == "left whole: k is 1"
