"""Photos of every kind become upright 8-bit RGB, or say by name why not."""

from __future__ import annotations

import io
import resource

import numpy as np
import pytest
from PIL import Image

from coinspark.ingest.decode import PhotoError, decode, open_photo, reduction
from tests.coin_photos import as_bytes, bomb, disc

MANY = 64_000_000


def pixels(data: bytes) -> np.ndarray:
    return decode(open_photo(data, MANY))


def reason(data: bytes, max_pixels: int = MANY) -> str:
    with pytest.raises(PhotoError) as caught:
        decode(open_photo(data, max_pixels))
    return caught.value.reason


def quarters(width: int = 40, height: int = 24) -> Image.Image:
    """Red, green / blue, white: tells every turn and mirror image apart."""
    found = np.zeros((height, width, 3), np.uint8)
    found[: height // 2, : width // 2] = 200, 0, 0
    found[: height // 2, width // 2 :] = 0, 200, 0
    found[height // 2 :, : width // 2] = 0, 0, 200
    found[height // 2 :, width // 2 :] = 200, 200, 200
    return Image.fromarray(found)


def corners(found: np.ndarray) -> str:
    """The colours of the four corners, read row by row."""
    names = {
        (True, False, False): "r",
        (False, True, False): "g",
        (False, False, True): "b",
        (True, True, True): "w",
    }
    return "".join(names[tuple(bool(v > 100) for v in found[y, x])] for y in (2, -3) for x in (2, -3))


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF"])
def test_lossless_formats_keep_every_pixel(kind: str) -> None:
    assert np.array_equal(pixels(as_bytes(disc(1), kind)), np.asarray(disc(1)))


def test_lossless_webp_keeps_every_pixel() -> None:
    assert np.array_equal(pixels(as_bytes(disc(1), "WEBP", lossless=True)), np.asarray(disc(1)))


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_jpeg_is_within_rounding_of_pillow(mode: str) -> None:
    data = as_bytes(disc(3, 90, 70).convert(mode), quality=95)
    other = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
    assert pixels(data).shape == (70, 90, 3)
    assert np.abs(pixels(data).astype(int) - other).max() <= 3


@pytest.mark.parametrize("turn", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_exif_orientation_is_undone(kind: str, turn: int) -> None:
    """The file holds the photo as a camera held that way saw it; what comes out is the scene."""
    undo = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # Pillow's Transpose that makes the file from the scene
    scene = quarters()
    stored = scene.transpose(Image.Transpose(undo[turn])) if turn in undo else scene
    exif = Image.Exif()
    exif[0x0112] = turn
    opened = open_photo(as_bytes(stored, kind, exif=exif), MANY)
    found = decode(opened)
    assert (opened.width, opened.height) == (40, 24)
    assert found.shape == (24, 40, 3)
    assert corners(found) == "rgbw"


def test_nonsense_exif_is_no_fault() -> None:
    data = as_bytes(quarters(), exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert corners(pixels(data)) == "rgbw"


def test_cmyk_comes_out_in_its_colours() -> None:
    assert corners(pixels(as_bytes(quarters().convert("CMYK"), quality=95))) == "rgbw"


def test_sixteen_bits_keep_the_upper_eight() -> None:
    deep = (np.arange(64 * 64, dtype=np.uint32) * 16).reshape(64, 64).astype(np.uint16)
    for kind in ("PNG", "TIFF"):
        found = pixels(as_bytes(Image.fromarray(deep), kind))
        assert np.array_equal(found[:, :, 0], deep >> 8) and np.array_equal(found[:, :, 0], found[:, :, 2])


def test_floating_point_is_refused_by_name() -> None:
    assert reason(as_bytes(Image.fromarray(np.ones((8, 8), np.float32)), "TIFF")) == "unsupported"


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_the_transparent_is_black_whatever_lies_below(kind: str) -> None:
    rgba = np.full((20, 20, 4), (250, 240, 230, 255), np.uint8)
    rgba[:10, :, 3] = 0
    rgba[10:12, :, 3] = 51  # a fifth
    found = pixels(
        as_bytes(Image.fromarray(rgba), kind, **({"lossless": True, "exact": True} if kind == "WEBP" else {}))
    )
    assert found[:10].max() == 0
    assert found[10:12].reshape(-1, 3).tolist() == [[50, 48, 46]] * 40
    assert found[12:].reshape(-1, 3).tolist() == [[250, 240, 230]] * 160


def test_palettes_with_and_without_transparency() -> None:
    assert corners(pixels(as_bytes(quarters().quantize(8), "PNG"))) == "rgbw"
    clear = quarters().quantize(8)
    found = pixels(as_bytes(clear, "PNG", transparency=clear.getpixel((2, 2))))
    assert found[2, 2].tolist() == [0, 0, 0] and found[2, -3].tolist() == [0, 200, 0]


def test_the_first_frame_of_several() -> None:
    frames = [quarters(), disc(5, 40, 24)]
    for kind in ("GIF", "WEBP"):
        data = as_bytes(frames[0], kind, save_all=True, append_images=frames[1:])
        assert corners(pixels(data)) == "rgbw"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_cut_off_file_is_truncated(kind: str, share: float) -> None:
    data = as_bytes(disc(9, 200, 200), kind)
    assert reason(data[: int(len(data) * share)]) == "truncated"


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "empty"),
        (b"\0" * 500, "not_an_image"),
        (b"coin_id,mint\n1,Roma\n", "not_an_image"),
        (b"<html><body>404</body></html>", "not_an_image"),
        (b"%PDF-1.7 and so on", "unsupported"),
        (b"\0\0\0\x18ftypheic" + b"\0" * 60, "unsupported"),
        (b"<?xml version='1.0'?><svg/>", "unsupported"),
        (b"\x89PNG\r\n\x1a\n" + b"garbage" * 20 + b"IEND", "unreadable"),
        (b"\xff\xd8\xff", "truncated"),
        (b"RIFF\x10\0\0\0WEBP", "truncated"),
    ],
)
def test_what_is_no_photo_says_why(data: bytes, why: str) -> None:
    assert reason(data) == why


def test_a_flipped_byte_in_a_png_is_found() -> None:
    data = bytearray(as_bytes(disc(2), "PNG"))
    data[len(data) // 2] ^= 0xFF
    assert reason(bytes(data)) == "unreadable"


def test_a_bomb_is_refused_from_its_header_with_memory_flat() -> None:
    data = bomb()
    assert len(data) < 100_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert reason(data) == "too_large"
    assert (
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000
    )  # KB; decoded it would take 400,000


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP"])
def test_the_limit_holds_for_every_format(kind: str) -> None:
    assert reason(as_bytes(disc(1, 60, 50), kind), max_pixels=60 * 50 - 1) == "too_large"
    assert decode(open_photo(as_bytes(disc(1, 60, 50), kind), 60 * 50)).shape == (50, 60, 3)


def test_a_webp_bomb_is_refused_before_its_canvas_is_made() -> None:
    canvas = (16_383 - 1).to_bytes(3, "little") * 2
    body = b"WEBPVP8X" + (10).to_bytes(4, "little") + b"\0" * 4 + canvas
    assert reason(b"RIFF" + len(body).to_bytes(4, "little") + body) == "too_large"


@pytest.mark.parametrize(("needed", "step"), [(400, 1), (201, 1), (200, 2), (100, 4), (50, 8), (3, 8)])
def test_jpegs_are_decoded_at_least_twice_as_large_as_needed(needed: int, step: int) -> None:
    photo = open_photo(as_bytes(disc(1, 800, 800)), MANY)
    assert reduction(photo, needed, needed) == step
    assert decode(photo, step).shape == (800 // step, 800 // step, 3)


def test_scaled_decoding_shows_the_same_picture() -> None:
    photo = open_photo(as_bytes(quarters(400, 240), quality=95), MANY)
    assert corners(decode(photo, 4)) == "rgbw"
    assert reduction(open_photo(as_bytes(quarters(400, 240), "PNG"), MANY), 10, 10) == 1
