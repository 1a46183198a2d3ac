"""Every format × mode × depth × layout × orientation is the right picture or a reject.

The pictures are written sample by sample, so that the expected pixels are known without a decoder. JPEG and
lossy WebP are compared with a second decoder.
"""

from __future__ import annotations

import io
import itertools
import os
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from coinspark.ingest.decode import decode, open_photo
from coinspark.ingest.header_limits import Limits
from coinspark.ingest.photo_error import PhotoError
from tests.coin_photos import as_bytes, disc
from tests.ingest.tiff_file import Layout, tiff

Array = np.ndarray[Any, Any]
HEIGHT, WIDTH = 13, 22
RNG = np.random.default_rng(0)


def outcome(data: bytes) -> Array | str:
    """The pixels, or the reason of the reject."""
    try:
        photo = open_photo(data, Limits())
        pixels = decode(photo)
    except PhotoError as error:
        return error.reason
    assert pixels.dtype == np.uint8 and pixels.shape == (photo.height, photo.width, 3)
    return pixels


def samples(channels: int, bits: int, height: int = HEIGHT, width: int = WIDTH) -> Array:
    return RNG.integers(0, 2**bits, (height, width, channels), dtype=np.uint32)


def to8(values: Array, bits: int) -> Array:
    """Samples as 8 bits: the upper ones of deep samples, shallow ones spread over 0 to 255."""
    return values >> bits - 8 if bits >= 8 else values * 255 // (2**bits - 1)


def rgb(values: Array) -> Array:
    return np.repeat(values, 3, axis=2) if values.shape[2] == 1 else values


def over_black(colours: Array, alpha: Array) -> Array:
    return rgb((colours * alpha + 127) // 255)


def stored_as(scene: Array, orientation: int) -> Array:
    """The scene as a camera with this EXIF orientation stores it (EXIF 2.32, tag 274: what row 0 and column 0
    are)."""
    return {
        1: scene,
        2: scene[:, ::-1],
        3: scene[::-1, ::-1],
        4: scene[::-1],
        5: scene.swapaxes(0, 1),
        6: np.rot90(scene, 1),
        7: scene[::-1, ::-1].swapaxes(0, 1),
        8: np.rot90(scene, -1),
    }[orientation]


def check(
    data: bytes, expected: Array, tolerance: int = 0, may_reject: bool = False, name: object = ""
) -> None:
    result = outcome(data)
    if isinstance(result, str):
        assert may_reject, f"{name}: {result}"
        return
    assert result.shape == expected.shape, name
    worst = int(np.abs(result.astype(int) - expected.astype(int)).max())
    assert worst <= tolerance, name


# TIFF

LAYOUTS = [
    dict(zip(("order", "planar", "tile", "rows_per_strip", "deflate", "fill_order"), values, strict=True))
    for values in itertools.product("<>", (False, True), (0, 16), (0, 5), (False, True), (1, 2))
    if not (values[2] and values[3])
]


@pytest.mark.parametrize("bits", [1, 2, 4, 8, 12, 16])
@pytest.mark.parametrize("photometric", [0, 1])
def test_grey_tiff(bits: int, photometric: int) -> None:
    grey = samples(1, bits)
    value = grey if photometric else 2**bits - 1 - grey
    for layout in LAYOUTS:
        usual = layout["fill_order"] == 1 and not layout["planar"] and bits != 12
        usual = usual and (bits < 16 or (photometric, layout["order"]) != (0, ">"))
        data = tiff(grey, Layout(photometric, bits, **layout))
        check(data, rgb(to8(value, bits)), may_reject=not usual, name=(photometric, bits, layout))


@pytest.mark.fault(11)
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("extra", [(), (0,), (1,), (2,)])
@pytest.mark.parametrize("photometric", [1, 2, 5])
def test_tiff_with_channels(photometric: int, bits: int, extra: tuple[int, ...]) -> None:
    colours = {1: 1, 2: 3, 5: 4}[photometric]
    values = samples(colours + len(extra), bits)
    if extra == (1,):  # associated alpha: colours are multiplied by it
        values[:, :, -1] = np.maximum(values[:, :, -1], 1)
        values[:, :, :-1] = values[:, :, :-1] * values[:, :, -1:] // (2**bits - 1)
    expected, alpha = to8(values[:, :, :colours], bits), to8(values[:, :, -1:], bits)
    if photometric == 5:
        expected = (255 - expected[:, :, :3]) * (255 - expected[:, :, 3:]) // 255
    if extra == (2,):
        expected = over_black(expected, alpha)
    for layout in LAYOUTS:
        usual = photometric == 2 and layout["fill_order"] == 1 and not layout["planar"]
        check(
            tiff(values, Layout(photometric, bits, extra=extra, **layout)),
            rgb(expected),
            tolerance=2 if extra == (1,) or photometric == 5 else 0,
            may_reject=not usual or bool(extra and bits == 16),
            name=(photometric, bits, extra, layout),
        )


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_palette_tiff(bits: int) -> None:
    palette = RNG.integers(0, 256, (2**bits, 3), dtype=np.uint32)
    index = samples(1, bits)
    tags = {320: (3, tuple(int(value) * 257 for value in palette.T.ravel()))}
    for layout in LAYOUTS:
        usual = layout["fill_order"] == 1 and not layout["planar"]
        data = tiff(index, Layout(3, bits, tags=tags, **layout))
        check(data, palette[index[:, :, 0]], may_reject=not usual, name=(bits, layout))


@pytest.mark.parametrize("subsampling", [(1, 1), (2, 1), (2, 2)])
def test_ycbcr_tiff_is_right_or_rejected(subsampling: tuple[int, int]) -> None:
    y, cb, cr = (samples(1, 8)[:, :, 0].astype(float) for _ in range(3))
    values = np.stack([y, cb, cr], axis=2).astype(np.uint32)
    expected = np.stack(
        [y + 1.402 * (cr - 128), y - 0.344136 * (cb - 128) - 0.714136 * (cr - 128), y + 1.772 * (cb - 128)],
        axis=2,
    ).clip(0, 255)
    for layout in LAYOUTS:
        data = tiff(values, Layout(6, 8, tags={530: (3, subsampling), 532: (4, (0,) * 6)}, **layout))
        if subsampling == (1, 1):
            check(data, expected, tolerance=2, may_reject=True, name=layout)
        else:  # the samples are not stored as the header says
            assert isinstance(outcome(data), str), layout


@pytest.mark.parametrize(
    "layout",
    [
        Layout(1, 32),
        Layout(1, 8, sample_format=2),
        Layout(1, 16, sample_format=2),
        Layout(1, 32, sample_format=2),
        Layout(1, 32, sample_format=3),
        Layout(2, 8, sample_format=2),
        Layout(2, 32, sample_format=3),
        Layout(8, 8),
        Layout(2, 12),
        Layout(32844, 16),
    ],
)
def test_tiffs_of_other_samples_are_unsupported_or_unreadable(layout: Layout) -> None:
    channels = 3 if layout.photometric in (2, 8) else 1
    for order, deflate in itertools.product("<>", (False, True)):
        data = tiff(samples(channels, 7), Layout(**vars(layout) | {"order": order, "deflate": deflate}))
        assert outcome(data) in ("unsupported", "unreadable"), (layout, order, deflate)


# Orientation


@pytest.mark.fault(11)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation_of_every_format(orientation: int) -> None:
    scene = samples(3, 8)
    stored = stored_as(scene, orientation)
    for tile, deflate in itertools.product((0, 16), (False, True)):
        data = tiff(stored, Layout(orientation=orientation, tile=tile, deflate=deflate))
        check(data, scene, name=("TIFF", tile, deflate))
    image = Image.fromarray(stored.astype(np.uint8))
    exif = Image.Exif()
    exif[0x0112] = orientation
    xmp = f'<x:xmpmeta><rdf:Description tiff:Orientation="{orientation}"/></x:xmpmeta>'.encode()
    for metadata in ({"exif": exif}, {"xmp": xmp}):
        check(as_bytes(image, "WEBP", lossless=True, **metadata), scene, name=("WEBP", *metadata))
        smooth = Image.fromarray(stored_as(np.asarray(disc(1, 40, 26)), orientation))
        check(
            as_bytes(smooth, "JPEG", quality=100, subsampling=0, **metadata), np.asarray(disc(1, 40, 26)), 6
        )
    check(as_bytes(image, "PNG", exif=exif), scene, name="PNG")
    late = as_bytes(image, "PNG").removesuffix(chunk(b"IEND", b""))
    late += chunk(b"eXIf", exif.tobytes().removeprefix(b"Exif\0\0")) + chunk(b"IEND", b"")
    check(late, scene, name="PNG with EXIF data after its pixels")
    check(tiff(stored, Layout(orientation=0, tags={700: (1, tuple(xmp))})), scene, name="TIFF with XMP")
    check(as_bytes(image, "TIFF", exif=exif), scene, name="TIFF of Pillow")


# PNG


def png(values: Array, colour: int, bits: int, interlaced: bool = False, extra: bytes = b"") -> bytes:
    """A PNG of samples [height, width, channels], each row with filter 0."""

    def rows(part: Array) -> bytes:
        if bits == 16:
            lines = part.astype(">u2").reshape(len(part), -1).view(np.uint8)
        else:
            ones = (part.reshape(len(part), -1)[:, :, None] >> np.arange(bits - 1, -1, -1) & 1).astype(
                np.uint8
            )
            lines = np.packbits(ones.reshape(len(part), -1), axis=1)
        return b"".join(b"\0" + line.tobytes() for line in lines)

    passes = [
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ]
    parts = (
        [values[top::down, left::across] for left, top, across, down in passes] if interlaced else [values]
    )
    body = b"".join(rows(part) for part in parts if part.size)
    header = struct.pack(">IIBBBBB", values.shape[1], values.shape[0], bits, colour, 0, 0, interlaced)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        [chunk(b"IHDR", header), extra, chunk(b"IDAT", zlib.compress(body)), chunk(b"IEND", b"")]
    )


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


@pytest.mark.fault(11)
@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize(
    ("colour", "bits"),
    [(0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (2, 8), (2, 16), (4, 8), (4, 16), (6, 8), (6, 16)],
)
def test_png_of_every_type_and_depth(colour: int, bits: int, interlaced: bool) -> None:
    for height, width in ((HEIGHT, WIDTH), (1, 1), (3, 2)):
        values = samples({0: 1, 2: 3, 4: 2, 6: 4}[colour], bits, height, width)
        eight = to8(values, bits)
        expected = over_black(eight[:, :, :-1], eight[:, :, -1:]) if colour in (4, 6) else rgb(eight)
        check(png(values, colour, bits, interlaced), expected, name=(height, width))
        if colour in (0, 2):
            clear = (values == values[0, 0]).all(axis=2, keepdims=True)
            extra = chunk(b"tRNS", struct.pack(f">{values.shape[2]}H", *values[0, 0]))
            name = ("tRNS", height, width)
            check(
                png(values, colour, bits, interlaced, extra),
                np.where(clear, 0, expected),
                0,
                bits == 16 or bool(clear.all()),
                name,
            )


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_palette_png(bits: int) -> None:
    palette = RNG.integers(0, 256, (2**bits, 3), dtype=np.uint32)
    index = samples(1, bits)
    plte = chunk(b"PLTE", palette.astype(np.uint8).tobytes())
    check(png(index, 3, bits, extra=plte), palette[index[:, :, 0]])
    alpha = RNG.integers(0, 256, 2**bits, dtype=np.uint32)
    alpha[0], alpha[1] = 0, 255
    data = png(index, 3, bits, extra=plte + chunk(b"tRNS", alpha.astype(np.uint8).tobytes()))
    check(data, over_black(palette[index[:, :, 0]], alpha[index]))


# BMP


def bmp(
    rows: bytes, bits: int, palette: bytes = b"", height: int = HEIGHT, masks: tuple[int, ...] = ()
) -> bytes:
    """A BMP of rows padded to four bytes. Four masks give a header of version 4."""
    fields = struct.pack(
        "<iiHHIIiiII", WIDTH, height, 1, bits, 3 if masks else 0, len(rows), 0, 0, len(palette) // 4, 0
    )
    header = fields + struct.pack(f"<{len(masks)}I", *masks)
    length = 108 if len(masks) == 4 else 40
    header = struct.pack("<I", length) + header.ljust(max(length - 4, len(header)), b"\0") + palette
    return b"BM" + struct.pack("<IHHI", 14 + len(header) + len(rows), 0, 0, 14 + len(header)) + header + rows


def bmp_rows(lines: Array) -> bytes:
    """Lines of bytes, bottom first, padded."""
    return np.pad(lines[::-1], ((0, 0), (0, -lines.shape[1] % 4))).astype(np.uint8).tobytes()


@pytest.mark.parametrize("bits", [1, 4, 8])
def test_palette_bmp(bits: int) -> None:
    index = samples(1, bits)
    for palette in (
        RNG.integers(0, 256, (2**bits, 3)),
        np.arange(2**bits)[:, None].repeat(3, 1) * 255 // (2**bits - 1),
    ):
        table = np.pad(palette[:, ::-1], ((0, 0), (0, 1))).astype(np.uint8).tobytes()
        ones = (index[:, :, 0][:, :, None] >> np.arange(bits - 1, -1, -1) & 1).astype(np.uint8)
        lines = np.packbits(ones.reshape(HEIGHT, -1), axis=1)
        check(bmp(bmp_rows(lines), bits, table), palette[index[:, :, 0]])
        check(bmp(bmp_rows(lines[::-1]), bits, table, -HEIGHT), palette[index[:, :, 0]], name="top down")


def test_true_colour_bmp() -> None:
    scene = samples(3, 8)
    bgr = scene[:, :, ::-1]
    check(bmp(bmp_rows(bgr.reshape(HEIGHT, -1)), 24), scene)
    for alpha in (np.zeros((HEIGHT, WIDTH, 1)), np.full((HEIGHT, WIDTH, 1), 255), samples(1, 8)):
        lines = bmp_rows(np.concatenate([bgr, alpha], axis=2).reshape(HEIGHT, -1))
        check(bmp(lines, 32), scene, name="fourth byte is not used")
        masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
        check(bmp(lines, 32, masks=masks), over_black(scene, alpha) if alpha.any() else scene, name="alpha")
    for name, bits in (("565", (5, 6, 5)), ("555", (5, 5, 5))):
        parts = [RNG.integers(0, 2**n, (HEIGHT, WIDTH)) for n in bits]
        words = parts[0] << bits[1] + bits[2] | parts[1] << bits[2] | parts[2]
        lines = bmp_rows(words.astype("<u2").view(np.uint8).reshape(HEIGHT, -1))
        masks = tuple(
            2**n - 1 << shift for n, shift in zip(bits, (bits[1] + bits[2], bits[2], 0), strict=True)
        )
        expected = np.stack([part * 255 / (2**n - 1) for part, n in zip(parts, bits, strict=True)], axis=2)
        check(bmp(lines, 16, masks=masks), expected, tolerance=8, name=name)


# JPEG, WebP and GIF


@pytest.mark.fault(11)
@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK"])
def test_jpeg_like_a_second_decoder(mode: str) -> None:
    options: list[dict[str, Any]] = [
        {"quality": 30},
        {"quality": 95, "subsampling": 0},
        {"quality": 95, "subsampling": 2, "progressive": True},
        {"quality": 90, "restart_marker_blocks": 1},
        {"quality": 90, "optimize": True},
        {"quality": 90, "keep_rgb": True},
    ]
    for option in options:
        data = as_bytes(disc(3, 61, 43).convert(mode), **option)
        expected = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
        check(data, expected, 3, name=option)
        check(data + b"trailing garbage \xff\xd9" * 9, expected, 3, name=option)
        check(data.removesuffix(b"\xff\xd9"), expected, 3, name=option)


@pytest.mark.fault(11)
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_webp_like_a_second_decoder(mode: str) -> None:
    image = disc(3, 61, 43).convert(mode)
    if mode == "RGBA":
        image.putalpha(Image.fromarray(samples(1, 8, 43, 61)[:, :, 0].astype(np.uint8)))
    for option in ({"lossless": True, "exact": True}, {"quality": 80, "exact": True}):
        data = as_bytes(image, "WEBP", **option)
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        bgr = pixels[:, :, :3].astype(int)
        expected = bgr if mode == "RGB" else over_black(bgr, pixels[:, :, 3:].astype(int))
        check(data, expected[:, :, ::-1], name=option)


@pytest.mark.fault(11)
@pytest.mark.parametrize("interlace", [0, 1])
def test_gif(interlace: int) -> None:
    index = samples(1, 8)[:, :, 0].astype(np.uint8)
    palette = RNG.integers(0, 256, (256, 3), dtype=np.uint8)
    image = Image.fromarray(index, "P")
    image.putpalette(palette.tobytes())
    check(as_bytes(image, "GIF", interlace=interlace, optimize=False), palette[index])
    clear = int(index[0, 0])
    expected = np.where((index == clear)[:, :, None], 0, palette[index])
    check(as_bytes(image, "GIF", interlace=interlace, optimize=False, transparency=clear), expected)


def test_a_gif_with_an_impossible_code_size_is_unreadable() -> None:
    data = bytearray(as_bytes(disc(1).quantize(64), "GIF"))
    data[13 + 192 + 10] = 0
    assert outcome(bytes(data)) == "unreadable"


# Damage that keeps the structure of the file


def damaged_jpegs() -> Iterator[tuple[str, bytes]]:
    for name, option in (
        ("baseline", {}),
        ("progressive", {"progressive": True}),
        ("restarts", {"restart_marker_blocks": 2}),
    ):
        data = as_bytes(disc(4, 300, 260), quality=92, **option)
        start = data.index(b"\xff\xda") + 14
        size = len(data) - start - 2
        for share in (0.05, 0.4, 0.8):
            for at in (0.05, 0.15):
                first = start + int(at * size)
                zeroed = data[:first] + bytes(int(share * size)) + data[first + int(share * size) :]
                yield f"{name}, {share} zeroed at {at}", zeroed
            yield (
                f"{name}, {share} left, end marker put back",
                data[: start + int(share * size)] + b"\xff\xd9",
            )
            yield f"{name}, {share} left", data[: start + int(share * size)]
    scans = as_bytes(disc(4, 300, 260), quality=92, progressive=True)
    starts = [i for i in range(len(scans)) if scans[i : i + 2] == b"\xff\xda"]
    yield "last scan missing", scans[: scans.rindex(b"\xff\xc4", 0, starts[-1])] + b"\xff\xd9"
    masked = bytearray(next(damaged_baseline()))
    masked[masked.index(b"JFIF\0") + 5] = 9
    yield "an unknown version of JFIF is warned of first", bytes(masked)
    masked = bytearray(next(damaged_baseline()))
    masked[masked.index(b"\xff\xda") + 12] = 0
    yield "wrong parameters of the scan are warned of first", bytes(masked)


def damaged_baseline() -> Iterator[bytes]:
    data = as_bytes(disc(4, 300, 260), quality=92)
    yield data[: len(data) // 2] + b"\xff\xd9"


@pytest.mark.fault(8)
@pytest.mark.parametrize(("name", "data"), damaged_jpegs())
def test_a_damaged_jpeg_is_rejected_and_nothing_is_printed(
    name: str, data: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    result = outcome(data)
    assert isinstance(result, str) and result in ("corrupt", "truncated")
    assert capfd.readouterr().err == ""


def test_sound_jpegs_with_odd_headers_are_accepted() -> None:
    data = bytearray(as_bytes(disc(4, 60, 50), quality=92))
    expected = outcome(bytes(data))
    data[data.index(b"JFIF\0") + 5] = 9
    data[data.index(b"\xff\xda") + 12] = 0
    assert isinstance(expected, np.ndarray)
    check(bytes(data), expected)


def test_a_flat_area_that_is_coded_as_zeros_is_sound() -> None:
    """With its own Huffman tables, a JPEG of two colours is little but zeros."""
    image = Image.new("L", (2_000, 1_000), 90)
    image.paste(200, (0, 0, 8, 8))
    data = as_bytes(image, optimize=True)
    assert bytes(64) in data
    check(data, np.asarray(Image.open(io.BytesIO(data)).convert("RGB")), 1)


@pytest.mark.parametrize("mode", ["RGB", "L", "CMYK"])
def test_a_tiff_with_jpeg_compression_is_right_or_corrupt(mode: str) -> None:
    image = disc(4, 300, 260).convert(mode)
    data = as_bytes(image, "TIFF", compression="jpeg", quality=92)
    check(data, np.asarray(image.convert("RGB")), 40)
    start = data.rindex(b"\xff\xda") + 14
    for size in (300, 1_500):
        assert outcome(data[:start] + bytes(size) + data[start + size :]) in ("corrupt", "unreadable"), size
    truncated = (
        data[: start + 200] + b"\xff\xd9" * ((len(data) - start - 200) // 2) + data[start + 200 :][-1:]
    )
    assert isinstance(outcome(truncated), str)


def test_a_corrupt_cmyk_jpeg_is_rejected() -> None:
    data = as_bytes(disc(4, 300, 260).convert("CMYK"), quality=92)
    assert outcome(data[: len(data) // 2] + b"\xff\xd9") == "corrupt"


@pytest.mark.fault(8)
@pytest.mark.parametrize("interlaced", [False, True])
def test_a_png_whose_rows_end_early_is_truncated(interlaced: bool) -> None:
    rows = np.arange(HEIGHT * WIDTH * 3, dtype=np.uint32).reshape(HEIGHT, WIDTH, 3) // 66 + 100
    data = png(rows, 2, 8, interlaced)
    start = data.index(b"IDAT")
    body = zlib.decompress(data[start + 4 : start + 4 + int.from_bytes(data[start - 4 : start], "big")])
    # Pillow accepts data that ends after a row of 67 bytes, or after a row of a pass
    for size in (0, 10, 67, 100, 482, 804, 817, len(body) - 1):
        short = data[: start - 4] + chunk(b"IDAT", zlib.compress(body[:size])) + chunk(b"IEND", b"")
        result = outcome(short)
        assert isinstance(result, str) and result in ("truncated", "unreadable"), size
    black = png(np.zeros((HEIGHT, WIDTH, 3), np.uint32), 2, 8, interlaced)
    check(black, np.zeros((HEIGHT, WIDTH, 3)), name="a black last row is not missing")


def test_whatever_libtiff_prints_is_a_reject(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    load = TiffImageFile.load

    def print_and_load(image: TiffImageFile) -> object:
        os.write(2, b"LZWDecode: Strip 3 not terminated with EOI code.\n")
        return load(image)

    monkeypatch.setattr(TiffImageFile, "load", print_and_load)
    assert outcome(as_bytes(disc(1), "TIFF")) == "corrupt"
    assert capfd.readouterr().err == ""


def test_an_invisible_picture_is_unsupported() -> None:
    assert outcome(as_bytes(Image.new("RGBA", (9, 9), (200, 100, 50, 0)), "PNG")) == "unsupported"
