"""The process that decodes: its limits, and what happens when it dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from coinspark.ingest import decoder_process
from coinspark.ingest.decoder_process import DecoderProcess
from coinspark.ingest.header_limits import Limits
from coinspark.ingest.merged_image import MergeSettings, merge_photos
from coinspark.ingest.photo_error import PhotoError
from tests.coin_photos import as_bytes, disc
from tests.ingest.photo_bombs import BOMBS, short_lines, with_size

PHOTOS = {"obverse": as_bytes(disc(1, 90, 80)), "reverse": as_bytes(disc(2, 70, 80), "PNG")}
SETTINGS = MergeSettings((32, 48))


@pytest.fixture
def decoder() -> Iterator[DecoderProcess]:
    decoder = DecoderProcess()
    yield decoder
    decoder.close()


def kill_before_exchange(monkeypatch: pytest.MonkeyPatch, times: int, signum: int) -> list[list[str]]:
    """Kill the process before the first requests; the sides of each request are recorded."""
    exchange, sides = decoder_process._exchange, list[list[str]]()

    def killed(process: subprocess.Popen[bytes], request: dict[str, Any], *args: Any) -> Any:
        sides.append(request["sides"])
        if len(sides) <= times:
            process.send_signal(signum)
            process.wait()
        return exchange(process, request, *args)

    monkeypatch.setattr(decoder_process, "_exchange", killed)
    return sides


def test_the_process_gives_what_a_call_gives(decoder: DecoderProcess) -> None:
    assert decoder.merge(PHOTOS, SETTINGS) == merge_photos(PHOTOS, SETTINGS)
    wide = MergeSettings((32,), "wide", quality=80)
    assert decoder.merge(PHOTOS, wide) == merge_photos(PHOTOS, wide)
    with pytest.raises(PhotoError) as caught:
        decoder.merge(PHOTOS | {"reverse": b"no photo"}, SETTINGS)
    assert (caught.value.side, caught.value.reason) == ("reverse", "not_an_image")


def test_usual_jpegs_are_merged_without_another_process(
    decoder: DecoderProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    sides = kill_before_exchange(monkeypatch, 0, signal.SIGKILL)
    usual = {"obverse": PHOTOS["obverse"], "reverse": as_bytes(disc(2), progressive=True)}
    assert decoder.merge(usual, SETTINGS) == merge_photos(usual, SETTINGS)
    assert sides == []
    with pytest.raises(PhotoError) as caught:
        decoder.merge({"obverse": PHOTOS["obverse"], "reverse": PHOTOS["obverse"][:500]}, SETTINGS)
    assert (caught.value.side, caught.value.reason, sides) == ("reverse", "truncated", [])
    cmyk = as_bytes(disc(3).convert("CMYK"))
    huge = with_size("JPEG", 8_000, 7_900)
    for data in (cmyk, huge, BOMBS["many parts"]("JPEG"), PHOTOS["reverse"]):
        before = len(sides)
        try:
            decoder.merge({"obverse": PHOTOS["obverse"], "reverse": data}, SETTINGS)
        except PhotoError as error:
            assert error.side == "reverse"
            assert len(sides) > before or error.reason == "too_slow", "rejected by its header"
        else:
            assert len(sides) > before


def test_photos_are_merged_after_the_process_died_once(
    decoder: DecoderProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    sides = kill_before_exchange(monkeypatch, 1, signal.SIGKILL)
    assert decoder.merge(PHOTOS, SETTINGS) == merge_photos(PHOTOS, SETTINGS)
    assert sides == [["obverse", "reverse"], ["obverse"], ["reverse"], ["obverse", "reverse"]]


@pytest.mark.parametrize(
    ("signum", "reason"),
    [(signal.SIGSEGV, "unreadable"), (signal.SIGKILL, "too_large"), (signal.SIGXCPU, "too_slow")],
)
def test_a_photo_on_which_the_process_dies_twice_is_rejected(
    decoder: DecoderProcess, monkeypatch: pytest.MonkeyPatch, signum: int, reason: str
) -> None:
    kill_before_exchange(monkeypatch, 2, signum)
    with pytest.raises(PhotoError) as caught:
        decoder.merge(PHOTOS, SETTINGS)
    assert (caught.value.side, caught.value.reason) == ("obverse", reason)
    assert decoder.merge(PHOTOS, SETTINGS) == merge_photos(PHOTOS, SETTINGS)


@pytest.mark.fault(10)
def test_the_photo_that_takes_too_long_is_named(decoder: DecoderProcess) -> None:
    with pytest.raises(PhotoError, match=r"ingest.max_seconds") as caught:
        decoder.merge(
            PHOTOS | {"reverse": short_lines(30_000, 2_000)},
            MergeSettings((32,), limits=Limits(max_seconds=1)),
        )
    assert (caught.value.side, caught.value.reason) == ("reverse", "too_slow")


@pytest.mark.fault(10)
def test_memory_is_limited_besides_the_estimate(
    decoder: DecoderProcess, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    """A decoder that takes more than its estimate: here one that fills memory until it gets no more."""
    (tmp_path / "sitecustomize.py").write_text(
        "import coinspark.ingest.merged_image as merged\n"
        "def fill(photo, divisor):\n"
        "    return [bytearray(10_000_000) for _ in range(500)]\n"
        "merged.decode = fill\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    began = time.monotonic()
    with pytest.raises(PhotoError, match=r"ingest.max_memory") as caught:
        decoder.merge(PHOTOS, MergeSettings((32,), limits=Limits(max_memory=50_000_000)))
    assert (caught.value.side, caught.value.reason) == ("obverse", "too_large")
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("import coinspark.ingest.merged_image as m\nm.encode_jpeg = None\n", "NoneType"),
        ("import sys\nsys.modules['cv2'] = None\n", "did not start.*cv2"),
    ],
)
def test_a_fault_of_the_program_is_no_reject(
    decoder: DecoderProcess, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, line: str, message: str
) -> None:
    (tmp_path / "sitecustomize.py").write_text(line)
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(RuntimeError, match=message):
        decoder.merge(PHOTOS, SETTINGS)


def test_the_process_ends_with_its_parent() -> None:
    """The parent is killed; the other end of the pipe closes."""
    code = (
        "from tests.ingest.test_decoder_process import *\n"
        "decoder = DecoderProcess(); decoder.merge(PHOTOS, SETTINGS)\n"
        "print(decoder._process.pid, flush=True); os.kill(os.getpid(), signal.SIGKILL)"
    )
    printed = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True).stdout
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            os.kill(int(printed), 0)
        except ProcessLookupError:
            return
        os.sched_yield()
    pytest.fail("the decoding process is still there")
