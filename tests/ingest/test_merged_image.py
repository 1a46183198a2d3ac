"""Layout of the sides in a merged image, and what an image_id depends on."""

from __future__ import annotations

import hashlib
import io

import numpy as np
import pytest
from PIL import Image

from coinspark.ingest.header_limits import Limits
from coinspark.ingest.merged_image import Box, MergeSettings, image_id, layout, merge_photos
from coinspark.ingest.photo_error import PhotoError
from tests.coin_photos import as_bytes, disc

RED, BLUE = (220, 0, 0), (0, 0, 220)


def uniform(colour: tuple[int, int, int], width: int, height: int) -> bytes:
    return as_bytes(Image.new("RGB", (width, height), colour), "PNG")


def merged(photos: dict[str, bytes], size: int = 64, shape: str = "square") -> np.ndarray:
    (image,) = merge_photos(photos, MergeSettings((size,), shape, quality=95))  # type: ignore[arg-type]
    pixels = np.asarray(Image.open(io.BytesIO(image.jpeg)))
    assert (image.width, image.height) == (pixels.shape[1], pixels.shape[0])
    return pixels


def colour(pixels: np.ndarray, x: float, y: float) -> str:
    """Name of the colour at this share of width and height."""
    r, _, b = pixels[int(y * (pixels.shape[0] - 1)), int(x * (pixels.shape[1] - 1))]
    return "red" if r > 120 else "blue" if b > 120 else "black" if max(r, b) < 40 else "?"


def test_square_shape_places_square_photos_between_bars() -> None:
    boxes = layout({"obverse": (300, 300), "reverse": (300, 300)}, 64, "square")
    assert boxes == {"obverse": Box(0, 16, 32, 32), "reverse": Box(32, 16, 32, 32)}
    pixels = merged({"obverse": uniform(RED, 50, 50), "reverse": uniform(BLUE, 50, 50)})
    assert pixels.shape == (64, 64, 3)
    colours = [colour(pixels, x, y) for x, y in ((0.2, 0.5), (0.8, 0.5), (0.5, 0.1), (0.5, 0.9))]
    assert colours == ["red", "blue", "black", "black"]


def test_square_shape_scales_both_sides_to_the_smaller_height() -> None:
    # 400 × 400 and 100 × 200 become 200 × 200 and 100 × 200, in a square of 300; 90 / 300 = 0.3
    assert layout({"obverse": (400, 400), "reverse": (100, 200)}, 90, "square") == {
        "obverse": Box(0, 15, 60, 60),
        "reverse": Box(60, 15, 30, 60),
    }


def test_square_shape_pads_tall_photos_left_and_right() -> None:
    assert layout({"obverse": (100, 400), "reverse": (100, 400)}, 64, "square") == {
        "obverse": Box(16, 0, 16, 64),
        "reverse": Box(32, 0, 16, 64),
    }


def test_wide_shape_fills_both_halves_with_square_photos() -> None:
    assert layout({"obverse": (300, 300), "reverse": (299, 299)}, 64, "wide") == {
        "obverse": Box(0, 0, 64, 64),
        "reverse": Box(64, 0, 64, 64),
    }
    pixels = merged({"obverse": uniform(RED, 50, 50), "reverse": uniform(BLUE, 80, 80)}, shape="wide")
    assert pixels.shape == (64, 128, 3)
    assert colour(pixels, 0.02, 0.02) == "red" and colour(pixels, 0.98, 0.98) == "blue"


def test_wide_shape_neither_crops_nor_stretches() -> None:
    assert layout({"obverse": (200, 100), "reverse": (100, 200)}, 64, "wide") == {
        "obverse": Box(0, 16, 64, 32),
        "reverse": Box(64 + 16, 0, 32, 64),
    }


def test_a_single_side_is_centred_or_in_its_half() -> None:
    assert layout({"obverse": (200, 100)}, 64, "square") == {"obverse": Box(0, 16, 64, 32)}
    assert layout({"reverse": (100, 100)}, 64, "wide") == {"reverse": Box(64, 0, 64, 64)}
    pixels = merged({"reverse": uniform(BLUE, 30, 30)}, shape="wide")
    assert colour(pixels, 0.2, 0.5) == "black" and colour(pixels, 0.8, 0.5) == "blue"


def test_a_merged_photo_fills_the_image() -> None:
    assert layout({"merged": (600, 300)}, 64, "square") == {"merged": Box(0, 16, 64, 32)}
    assert layout({"merged": (600, 300)}, 64, "wide") == {"merged": Box(0, 0, 128, 64)}


@pytest.mark.parametrize("shape", ["square", "wide"])
@pytest.mark.parametrize(
    "sizes", [((1, 5000), (300, 300)), ((5000, 1), (300, 300)), ((1, 1), (1, 1)), ((3, 7), (4000, 20))]
)
def test_boxes_of_extreme_proportions_stay_within_the_image(
    shape: str, sizes: tuple[tuple[int, int], tuple[int, int]]
) -> None:
    photos = dict(zip(("obverse", "reverse"), sizes, strict=True))
    boxes = layout(photos, 32, shape)  # type: ignore[arg-type]
    width = 64 if shape == "wide" else 32
    for box in boxes.values():
        assert box.width >= 1 and box.height >= 1
        assert 0 <= box.left <= box.left + box.width <= width and 0 <= box.top <= box.top + box.height <= 32
    assert boxes["obverse"].left + boxes["obverse"].width <= boxes["reverse"].left
    merged({side: uniform(RED, *size) for side, size in photos.items()}, 32, shape)


def test_an_image_does_not_depend_on_the_other_sizes() -> None:
    photos = {"obverse": as_bytes(disc(1, 700, 700)), "reverse": as_bytes(disc(2, 640, 640))}
    one_size, two_sizes = (merge_photos(photos, MergeSettings(sizes)) for sizes in ((32,), (32, 128)))
    assert one_size[0].jpeg == two_sizes[0].jpeg
    assert [image.size for image in two_sizes] == [32, 128]


def test_small_photos_are_enlarged() -> None:
    assert colour(merged({"obverse": uniform(RED, 8, 8), "reverse": uniform(BLUE, 8, 8)}), 0.25, 0.5) == "red"


def test_the_error_names_the_side() -> None:
    with pytest.raises(PhotoError) as caught:
        merge_photos({"obverse": as_bytes(disc(1)), "reverse": b"no photo"}, MergeSettings((32,)))
    assert (caught.value.side, caught.value.reason) == ("reverse", "not_an_image")


def test_image_id_depends_on_bytes_sides_and_settings() -> None:
    settings = MergeSettings((32,))
    photos = {"obverse": b"aa", "reverse": b"b"}
    name = image_id(photos, settings)
    assert len(name) == 32 and int(name, 16) >= 0 and name.startswith(settings.prefix)
    prefix = hashlib.sha256(b'{"quality": 92, "shape": "square", "version": 2}').hexdigest()[:8]
    assert name == prefix + hashlib.sha256(prefix.encode() + b"obverse 2\naareverse 1\nb").hexdigest()[:24]
    others = [
        image_id({"obverse": b"a", "reverse": b"ab"}, settings),
        image_id({"obverse": b"b", "reverse": b"aa"}, settings),
        image_id({"obverse": b"aa"}, settings),
        image_id(photos, MergeSettings((32,), "wide")),
        image_id(photos, MergeSettings((32,), quality=80)),
    ]
    assert len({name, *others}) == 6
    assert image_id(photos, MergeSettings((64, 128), limits=Limits(5))) == name
