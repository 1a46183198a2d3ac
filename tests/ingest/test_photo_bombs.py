"""A photo made to exhaust the decoder is the right picture or a named reject, in bounded memory and time."""

from __future__ import annotations

import multiprocessing
import resource
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

import pytest

from coinspark.ingest.decode import open_photo
from coinspark.ingest.header_limits import Limits
from coinspark.ingest.merge import decoder
from coinspark.ingest.merged_image import MergedImage, MergeSettings
from coinspark.ingest.photo_error import PhotoError
from tests.ingest.photo_bombs import BOMBS, SOUND

SETTINGS = MergeSettings((64,), limits=Limits(64_000_000, 60_000_000, 2))
ACCEPTED = {"trailing garbage", "many frames", "looping directories"}
"""Bombs that contain a sound picture, in each format that is supported."""


class Measured(NamedTuple):
    """Result and seconds of a merge; KB of memory: growth of the worker, peak of its ended decoders."""

    result: list[MergedImage] | PhotoError
    seconds: float
    growth: int
    decoder_peak: int


def measure_merge(photos: Mapping[str, bytes]) -> Measured:
    """Merge photos in this process, as a Spark worker does."""
    before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    result: list[MergedImage] | PhotoError
    try:
        result = decoder().merge(photos, SETTINGS)
    except PhotoError as error:
        result = error
    seconds = time.monotonic() - began
    growth = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    return Measured(result, seconds, growth, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)


@pytest.fixture(scope="module")
def worker() -> Iterator[ProcessPoolExecutor]:
    """A process without the memory of other tests: a child counts what its parent had when it started."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as worker:
        yield worker
        worker.submit(close_decoder).result()


def close_decoder() -> None:
    decoder().close()


@pytest.mark.fault(10)
@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.parametrize("name", SOUND)
def test_a_bomb_is_the_right_picture_or_a_reject(worker: ProcessPoolExecutor, name: str, bomb: str) -> None:
    data = BOMBS[bomb](name)
    assert len(data) < 32_000_000
    measured = worker.submit(measure_merge, {"reverse": data}).result()
    if isinstance(error := measured.result, PhotoError):
        assert error.side == "reverse" and error.detail
        if name in ("JP2", "PPM"):
            assert error.reason == "unsupported"
        else:
            assert bomb not in ACCEPTED, f"{error.reason}: {error.detail}"
    else:
        assert name not in ("JP2", "PPM")
        if bomb not in ("high compression", "many parts", "many frames"):  # these show other pictures
            assert measured.result == worker.submit(measure_merge, {"reverse": SOUND[name]}).result().result
    assert measured.seconds < 20
    # kilobytes: the interpreter and its libraries, the file, and max_memory
    assert measured.decoder_peak < 500_000
    assert measured.growth < 300_000


@pytest.mark.fault(10)
@pytest.mark.parametrize(
    ("name", "bomb", "reason"),
    [
        ("PNG", "huge dimensions", "too_large"),
        ("PNG", "high compression", "too_large"),
        ("TIFF", "huge tiles", "too_large"),
        ("TIFF", "huge metadata", "too_large"),
        ("GIF", "huge metadata", "too_large"),
        ("JPEG", "huge metadata", "too_large"),
        ("JPEG", "many parts", "too_slow"),
        ("WEBP", "dimensions just below the limit", "too_large"),
        ("BMP", "zero size", "unreadable"),
    ],
)
def test_the_header_names_the_reason(name: str, bomb: str, reason: str) -> None:
    with pytest.raises(PhotoError) as caught:
        open_photo(BOMBS[bomb](name), SETTINGS.limits)
    assert caught.value.reason == reason
