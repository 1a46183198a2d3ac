"""A process that decodes photos for a Spark worker.

A photo can make a decoder take gigabytes or minutes, or crash it. In a process of its own, this ends as a
reject with the photo's name instead of a lost worker.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from typing import IO, BinaryIO, Final, cast

from coinspark.core.formatting import one_line
from coinspark.ingest.decoder_loop import Message, read_message, write_message
from coinspark.ingest.header_limits import Limits
from coinspark.ingest.merged_image import MergedImage, MergeSettings, merge_opened, open_photos
from coinspark.ingest.photo_error import PhotoError
from coinspark.ingest.photo_formats import is_jpeg
from coinspark.warehouse.schemas import Reason

_PIPE_BYTES: Final = 1 << 20
_SECONDS_TO_END: Final = 5
_ONE_THREAD: Final = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


class _DecoderDiedError(Exception):
    """The decoding process ended without a reply."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason: Reason = reason
        self.detail = detail


class DecoderProcess:
    """Merges photos in a process with limits, which is started when it is needed and again after it died."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._stderr = tempfile.TemporaryFile()  # noqa: SIM115

    def merge(self, photos: Mapping[str, bytes], settings: MergeSettings) -> list[MergedImage]:
        """The merged images, as `merge_photos` returns them.

        JPEGs whose headers declare nothing unusual, which are most photos, are merged in this process: that
        saves the time to send them. If the other process dies, each photo is tried alone in a new one,
        and then all again.

        Raises:
            PhotoError: A photo cannot be used; `side` is set. Also if the process dies twice.
        """
        if all(map(is_jpeg, photos.values())):
            opened = open_photos(photos, settings.limits)
            if all(photo.is_harmless for photo in opened.values()):
                return merge_opened(opened, settings)
        try:
            return self._ask(photos, settings)
        except _DecoderDiedError:
            pass
        for part in [*({side: data} for side, data in photos.items() if len(photos) > 1), photos]:
            try:
                images = self._ask(part, settings)
            except _DecoderDiedError as death:
                raise PhotoError(death.reason, death.detail, next(iter(part))) from None
        return images

    def close(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None

    def _ask(self, photos: Mapping[str, bytes], settings: MergeSettings) -> list[MergedImage]:
        process = self._process if self._process is not None else self._start()
        request = {"settings": vars(settings), "sides": [*photos]}
        reply = _exchange(process, request, [*photos.values()], settings.limits)
        if reply is None:
            raise self._death(process, settings.limits)
        fields, jpegs = reply
        if "fault" in fields:
            raise RuntimeError(f"the decoding process failed:\n{fields['fault']}")
        if "reason" in fields:
            raise PhotoError(fields["reason"], fields["detail"], fields["side"])
        return [
            MergedImage(size, width, height, jpeg)
            for (size, width, height), jpeg in zip(fields["images"], jpegs, strict=True)
        ]

    def _start(self) -> subprocess.Popen[bytes]:
        os.ftruncate(self._stderr.fileno(), 0)
        process = subprocess.Popen(
            [sys.executable, "-m", "coinspark.ingest.decoder_loop"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            pipesize=_PIPE_BYTES,
            env=os.environ | _ONE_THREAD | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )
        if read_message(_pipe(process.stdout)) is None:
            process.kill()
            process.communicate()
            raise RuntimeError(f"the decoding process did not start: {self._printed()}")
        self._process = process
        return process

    def _death(self, process: subprocess.Popen[bytes], limits: Limits) -> _DecoderDiedError:
        """What ended the process."""
        try:
            code = process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            code = -signal.SIGXCPU
        self.close()
        if code == -signal.SIGXCPU:
            limit = f"{limits.max_seconds} s of processor time (ingest.max_seconds)"
            return _DecoderDiedError("too_slow", f"decoding takes more than {limit}")
        if code == -signal.SIGKILL:
            return _DecoderDiedError("too_large", "decoding was killed, as happens when memory is short")
        printed = self._printed()
        end = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return _DecoderDiedError("unreadable", f"the decoder crashed ({end}) {printed}".strip())

    def _printed(self) -> str:
        """The end of what the process printed on standard error."""
        size = os.fstat(self._stderr.fileno()).st_size
        return one_line(
            os.pread(self._stderr.fileno(), 200, max(size - 200, 0)).decode(errors="replace").strip()
        )


def _exchange(
    process: subprocess.Popen[bytes], request: Mapping[str, object], blobs: list[bytes], limits: Limits
) -> Message | None:
    """The reply to a request; None if the process ended or does not answer."""
    try:
        write_message(_pipe(process.stdin), request, blobs)
    except OSError:
        return None
    replies = select.poll()
    replies.register(_pipe(process.stdout), select.POLLIN)
    # The process limits its own processor time; it does not answer in this time only if it is stuck.
    if not replies.poll(1_000 * (60 + 10 * limits.max_seconds)):
        return None
    return read_message(_pipe(process.stdout))


def _pipe(pipe: IO[bytes] | None) -> BinaryIO:
    return cast(BinaryIO, pipe)
