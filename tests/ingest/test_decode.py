"""Photos of every format become upright 8-bit RGB or are rejected with a reason."""

from __future__ import annotations

import io
import resource

import numpy as np
import pytest
from PIL import Image

from coinspark.ingest.decode import decode, open_photo, reduction
from coinspark.ingest.header_limits import Limits
from coinspark.ingest.photo_error import PhotoError
from tests.coin_photos import as_bytes, bomb, disc

LIMITS = Limits()


def pixels(data: bytes) -> np.ndarray:
    return decode(open_photo(data, LIMITS))


def reason(data: bytes, limits: Limits = LIMITS) -> str:
    with pytest.raises(PhotoError) as caught:
        decode(open_photo(data, limits))
    return caught.value.reason


def quarters(width: int = 40, height: int = 24) -> Image.Image:
    """Red, green / blue, white: every rotation and reflection differs."""
    rgb = np.zeros((height, width, 3), np.uint8)
    rgb[: height // 2, : width // 2] = 200, 0, 0
    rgb[: height // 2, width // 2 :] = 0, 200, 0
    rgb[height // 2 :, : width // 2] = 0, 0, 200
    rgb[height // 2 :, width // 2 :] = 200, 200, 200
    return Image.fromarray(rgb)


def corners(rgb: np.ndarray) -> str:
    """The colours of the four corners, row by row."""
    names = {
        (True, False, False): "r",
        (False, True, False): "g",
        (False, False, True): "b",
        (True, True, True): "w",
    }
    return "".join(names[tuple(bool(v > 100) for v in rgb[y, x])] for y in (2, -3) for x in (2, -3))


@pytest.mark.parametrize("file_format", ["PNG", "BMP", "TIFF"])
def test_lossless_formats_keep_every_pixel(file_format: str) -> None:
    assert np.array_equal(pixels(as_bytes(disc(1), file_format)), np.asarray(disc(1)))


def test_lossless_webp_keeps_every_pixel() -> None:
    assert np.array_equal(pixels(as_bytes(disc(1), "WEBP", lossless=True)), np.asarray(disc(1)))


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_jpeg_differs_from_pillow_by_rounding_only(mode: str) -> None:
    data = as_bytes(disc(3, 90, 70).convert(mode), quality=95)
    expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).astype(int)
    assert pixels(data).shape == (70, 90, 3)
    assert np.abs(pixels(data).astype(int) - expected).max() <= 3


@pytest.mark.fault(11)
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP"])
def test_exif_orientation_is_applied(file_format: str, orientation: int) -> None:
    """The file stores the photo as a rotated camera does; decoding gives the upright scene."""
    transpose = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # Pillow's operation from the scene to the file
    scene = quarters()
    stored = scene.transpose(Image.Transpose(transpose[orientation])) if orientation in transpose else scene
    exif = Image.Exif()
    exif[0x0112] = orientation
    opened = open_photo(as_bytes(stored, file_format, exif=exif), LIMITS)
    rgb = decode(opened)
    assert (opened.width, opened.height) == (40, 24)
    assert rgb.shape == (24, 40, 3)
    assert corners(rgb) == "rgbw"


def test_broken_exif_is_ignored() -> None:
    data = as_bytes(quarters(), exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert corners(pixels(data)) == "rgbw"


@pytest.mark.fault(11)
def test_cmyk_is_converted_to_rgb() -> None:
    assert corners(pixels(as_bytes(quarters().convert("CMYK"), quality=95))) == "rgbw"


@pytest.mark.fault(11)
def test_sixteen_bits_keep_the_upper_eight() -> None:
    grey16 = (np.arange(64 * 64, dtype=np.uint32) * 16).reshape(64, 64).astype(np.uint16)
    for file_format in ("PNG", "TIFF"):
        rgb = pixels(as_bytes(Image.fromarray(grey16), file_format))
        assert np.array_equal(rgb[:, :, 0], grey16 >> 8) and np.array_equal(rgb[:, :, 0], rgb[:, :, 2])


def test_floating_point_photos_are_unsupported() -> None:
    assert reason(as_bytes(Image.fromarray(np.ones((8, 8), np.float32)), "TIFF")) == "unsupported"


@pytest.mark.fault(11)
@pytest.mark.parametrize("file_format", ["PNG", "WEBP"])
def test_transparent_pixels_become_black(file_format: str) -> None:
    rgba = np.full((20, 20, 4), (250, 240, 230, 255), np.uint8)
    rgba[:10, :, 3] = 0
    rgba[10:12, :, 3] = 51  # a fifth
    rgb = pixels(
        as_bytes(
            Image.fromarray(rgba),
            file_format,
            **({"lossless": True, "exact": True} if file_format == "WEBP" else {}),
        )
    )
    assert rgb[:10].max() == 0
    assert rgb[10:12].reshape(-1, 3).tolist() == [[50, 48, 46]] * 40
    assert rgb[12:].reshape(-1, 3).tolist() == [[250, 240, 230]] * 160


@pytest.mark.fault(11)
def test_palettes_are_converted_with_and_without_transparency() -> None:
    assert corners(pixels(as_bytes(quarters().quantize(8), "PNG"))) == "rgbw"
    clear = quarters().quantize(8)
    rgb = pixels(as_bytes(clear, "PNG", transparency=clear.getpixel((2, 2))))
    assert rgb[2, 2].tolist() == [0, 0, 0] and rgb[2, -3].tolist() == [0, 200, 0]


def test_the_first_frame_of_several_is_decoded() -> None:
    frames = [quarters(), disc(5, 40, 24)]
    for file_format in ("GIF", "WEBP"):
        data = as_bytes(frames[0], file_format, save_all=True, append_images=frames[1:])
        assert corners(pixels(data)) == "rgbw"


@pytest.mark.fault(8)
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "GIF"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
def test_a_partial_file_is_truncated(file_format: str, share: float) -> None:
    data = as_bytes(disc(9, 200, 200), file_format)
    assert reason(data[: int(len(data) * share)]) == "truncated"


@pytest.mark.parametrize(
    ("data", "expected"),
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
def test_a_file_that_is_no_photo_is_rejected_with_a_reason(data: bytes, expected: str) -> None:
    assert reason(data) == expected


def test_a_png_with_a_flipped_byte_is_unreadable() -> None:
    data = bytearray(as_bytes(disc(2), "PNG"))
    data[len(data) // 2] ^= 0xFF
    assert reason(bytes(data)) == "unreadable"


@pytest.mark.fault(10)
def test_a_decompression_bomb_is_rejected_without_using_memory() -> None:
    data = bomb()
    assert len(data) < 100_000
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert reason(data) == "too_large"
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert after - before < 20_000  # KB; the decoded photo takes 400,000


@pytest.mark.fault(10)
@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP"])
def test_the_pixel_limit_applies_to_every_format(file_format: str) -> None:
    assert reason(as_bytes(disc(1, 60, 50), file_format), Limits(60 * 50 - 1)) == "too_large"
    assert decode(open_photo(as_bytes(disc(1, 60, 50), file_format), Limits(60 * 50))).shape == (50, 60, 3)


@pytest.mark.fault(10)
def test_a_webp_bomb_is_rejected_before_its_canvas_is_allocated() -> None:
    canvas = (16_383 - 1).to_bytes(3, "little") * 2
    body = b"WEBPVP8X" + (10).to_bytes(4, "little") + b"\0" * 4 + canvas
    assert reason(b"RIFF" + len(body).to_bytes(4, "little") + body) == "too_large"


@pytest.mark.parametrize(("needed", "divisor"), [(400, 1), (201, 1), (200, 2), (100, 4), (50, 8), (3, 8)])
def test_jpegs_are_decoded_at_least_twice_as_large_as_needed(needed: int, divisor: int) -> None:
    photo = open_photo(as_bytes(disc(1, 800, 800)), LIMITS)
    assert reduction(photo, needed, needed) == divisor
    assert decode(photo, divisor).shape == (800 // divisor, 800 // divisor, 3)


def test_reduced_decoding_shows_the_same_scene() -> None:
    photo = open_photo(as_bytes(quarters(400, 240), quality=95), LIMITS)
    assert corners(decode(photo, 4)) == "rgbw"
    assert reduction(open_photo(as_bytes(quarters(400, 240), "PNG"), LIMITS), 10, 10) == 1
