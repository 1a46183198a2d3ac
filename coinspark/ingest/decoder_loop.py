"""The process that decodes: merge photos on request, within limits of memory and processor time.

`decoder_process` starts it as `python -m coinspark.ingest.decoder_loop`. It imports neither Spark nor Arrow.
"""

from __future__ import annotations

import json
import math
import os
import resource
import select
import sys
import time
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Final

import cv2

from coinspark.ingest.header_limits import Limits
from coinspark.ingest.merged_image import MergeSettings, merge_photos
from coinspark.ingest.photo_error import PhotoError

Message = tuple[dict[str, Any], list[bytes]]

_IDLE_SECONDS: Final = 30
_SLACK_BYTES: Final = 200_000_000
"""Address space besides `ingest.max_memory`: estimates are not exact, and a file is copied."""


def write_message(stream: BinaryIO, fields: Mapping[str, Any], blobs: Sequence[bytes] = ()) -> None:
    """Write JSON fields and binary data. Raises OSError if the other end is closed."""
    head = json.dumps({**fields, "blobs": [*map(len, blobs)]}).encode()
    stream.write(len(head).to_bytes(4, "big") + head)
    for blob in blobs:
        stream.write(blob)
    stream.flush()


def read_message(stream: BinaryIO) -> Message | None:
    """The fields and the binary data of the next message; None if the stream ends."""
    size = stream.read(4)
    head = stream.read(int.from_bytes(size, "big"))
    if len(size) < 4 or not head:
        return None
    fields = json.loads(head)
    blobs = [stream.read(length) for length in fields["blobs"]]
    return None if [*map(len, blobs)] != fields["blobs"] else (fields, blobs)


def main() -> None:
    """Serve requests on standard input until it is closed or nothing comes for a while."""
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a library that prints must not write into a reply
    cv2.setNumThreads(1)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    address_space = _address_space()
    write_message(replies, {"ready": True})
    while select.select([sys.stdin], [], [], _IDLE_SECONDS)[0]:
        request = read_message(sys.stdin.buffer)
        if request is None:
            break
        write_message(replies, *_answer(*request, address_space))


def _answer(fields: dict[str, Any], blobs: list[bytes], address_space: int) -> Message:
    """The merged images, the reject, or the traceback of a program fault."""
    settings = MergeSettings(**fields["settings"] | {"limits": Limits(*fields["settings"]["limits"])})
    if address_space:
        _limit_memory(address_space + settings.limits.max_memory + 2 * sum(map(len, blobs)) + _SLACK_BYTES)
    _limit_seconds(settings.limits.max_seconds)
    try:
        images = merge_photos(dict(zip(fields["sides"], blobs, strict=True)), settings)
    except PhotoError as error:
        return {"reason": error.reason, "detail": error.detail, "side": error.side}, []
    except Exception:
        return {"fault": traceback.format_exc()}, []
    return {"images": [image[:-1] for image in images]}, [image.jpeg for image in images]


def _address_space() -> int:
    """Bytes of address space that this process uses now; 0 where the system does not tell."""
    status = Path("/proc/self/statm")
    return int(status.read_text().split()[0]) * resource.getpagesize() if status.exists() else 0


def _limit_memory(size: int) -> None:
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (size if hard < 0 else min(size, hard), hard))


def _limit_seconds(seconds: int) -> None:
    """End this process by SIGXCPU if it works longer than this from now on."""
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    until = math.ceil(time.process_time()) + seconds
    resource.setrlimit(resource.RLIMIT_CPU, (until if hard < 0 else min(until, hard), hard))


if __name__ == "__main__":
    main()
