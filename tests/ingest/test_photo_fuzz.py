"""Damaged photos give a picture or a reject. The damage is random, seeded and bounded."""

from __future__ import annotations

import random
import time

import pytest

from coinspark.ingest.decoder_process import DecoderProcess
from coinspark.ingest.header_limits import Limits
from coinspark.ingest.merged_image import MergeSettings
from coinspark.ingest.photo_error import PhotoError
from tests.ingest.photo_bombs import BOMBS, SOUND
from tests.ingest.test_manifest_fuzz import damage

CASES = 120
"""Damaged photos of each format."""
SETTINGS = MergeSettings((32,), limits=Limits(4_000_000, 60_000_000, 2))


@pytest.mark.parametrize("name", ["JPEG", "PNG", "TIFF", "BMP", "GIF", "WEBP"])
def test_a_damaged_photo_gives_a_picture_or_a_reject(name: str) -> None:
    decoder, outcomes = DecoderProcess(), {"picture": 0, "reject": 0}
    originals = [SOUND[name], BOMBS["looping directories"](name), BOMBS["wrong length"](name)]
    try:
        for seed in range(CASES):
            rng = random.Random(seed)
            data = damage(rng.choice(originals), rng)
            began = time.monotonic()
            try:
                images = decoder.merge({"merged": data}, SETTINGS)
            except PhotoError as error:
                assert error.side == "merged" and error.detail, f"seed {seed}"
                assert error.detail.isprintable(), f"seed {seed}: {error.detail!r}"
                outcomes["reject"] += 1
            else:
                assert [image.size for image in images] == [32], f"seed {seed}"
                outcomes["picture"] += 1
            assert time.monotonic() - began < 20, f"seed {seed}"
    finally:
        decoder.close()
    assert min(outcomes.values()) > CASES // 20, outcomes
