"""The segments of a JPEG (ITU T.81, annex B), read without decoding.

libjpeg neither limits the number of scans nor reports that scans are missing, so both are read here.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field
from typing import Final

_EOI, _SOS, _DHT, _APP0, _APP1 = 0xD9, 0xDA, 0xC4, 0xE0, 0xE1
_STANDALONE: Final = frozenset({0x00, 0x01, *range(0xD0, 0xD9)})
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_HUFFMAN_SEQUENTIAL: Final = frozenset({0xC0, 0xC1})
_PROGRESSIVE: Final = frozenset({0xC2, 0xC6, 0xCA, 0xCE})
_ZEROS: Final = bytes(64)
_AFTER_SCAN: Final = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")  # not a stuffed byte, restart or fill byte


@dataclass
class JpegStructure:
    """What the segments of a JPEG declare.

    Attributes:
        width, height, components: Of the frame; 0 if there is none before the first scan.
        frame: Marker of the frame; it tells the coding.
        scans: Number of scans.
        bits: Of a sample.
        has_metadata: Whether there may be an orientation (EXIF or XMP).
        metadata_bytes: Bytes before the first scan.
        ended: Whether there is an end marker.
        coded: Component → precision to which each of the 64 coefficients is coded: 0 is complete, -1 none.
        zeroed: Whether bytes of a scan were overwritten with zeros, as a lost block of a disk is. libjpeg
            decodes them without a warning if by chance they give as many blocks as the bytes lost.
        first_symbols: Class and number of a Huffman table → symbol of its first code, which is zeros.
        patches: Offset → byte of header fields that libjpeg corrects with a warning. It prints the first
            warning only, so that this one would hide one about the pixels.
    """

    width: int = 0
    height: int = 0
    components: int = 0
    bits: int = 0
    has_metadata: bool = False
    frame: int = 0
    scans: int = 0
    metadata_bytes: int = 0
    ended: bool = False
    coded: dict[int, list[int]] = field(default_factory=dict)
    zeroed: bool = False
    first_symbols: dict[int, int] = field(default_factory=dict)
    patches: dict[int, int] = field(default_factory=dict)

    @property
    def progressive(self) -> bool:
        """Whether the frame is coded in several passes."""
        return self.frame in _PROGRESSIVE

    @property
    def complete(self) -> bool:
        """Whether the scans code every coefficient of every component to the last bit."""
        return bool(self.coded) and all(not any(precision) for precision in self.coded.values())


def read_structure(data: bytes, max_scans: int) -> JpegStructure:
    """The structure of a JPEG up to its end marker, its end, a broken segment, or scan max_scans + 1."""
    jpeg, position = JpegStructure(), 2
    while (start := data.find(b"\xff", position)) >= 0 and start + 1 < len(data):
        marker = data[start + 1]
        if marker == _EOI:
            jpeg.ended = True
            break
        if marker == 0xFF:
            position = start + 1
            continue
        if marker in _STANDALONE:
            position = start + 2
            continue
        position = start + 2 + int.from_bytes(data[start + 2 : start + 4], "big")
        segment = data[start + 4 : position]
        if position < start + 4 or position > len(data):
            break
        if marker in _FRAMES and not jpeg.coded:
            _read_frame(jpeg, marker, segment)
        elif marker == _APP0 and segment.startswith(b"JFIF\0") and len(segment) > 5 and segment[5] != 1:
            jpeg.patches[start + 9] = 1
        elif marker == _APP1:
            jpeg.has_metadata = True
        elif marker == _DHT:
            _read_huffman_tables(jpeg, segment)
        elif marker == _SOS:
            jpeg.metadata_bytes = jpeg.metadata_bytes or start
            jpeg.scans += 1
            if jpeg.scans > max_scans:
                break
            _read_scan(jpeg, segment, position)
            following = _AFTER_SCAN.search(data, position)
            end = following.start() if following else len(data)
            if data.find(_ZEROS, position, end) >= 0 and not _zeros_are_flat(jpeg, segment):
                jpeg.zeroed = True
            position = end
    return jpeg


def repaired(data: bytes, jpeg: JpegStructure) -> bytes:
    """The JPEG with its patches, and with an end marker."""
    if jpeg.patches:
        patched = bytearray(data)
        for position, value in jpeg.patches.items():
            patched[position] = value
        data = bytes(patched)
    return data if jpeg.ended else data + bytes([0xFF, _EOI])


def _read_frame(jpeg: JpegStructure, marker: int, segment: bytes) -> None:
    if len(segment) < 6 or len(segment) < 6 + 3 * segment[5]:
        return
    jpeg.bits, jpeg.height, jpeg.width, jpeg.components = struct.unpack_from(">BHHB", segment)
    jpeg.frame = marker
    jpeg.coded = {segment[6 + 3 * index]: [-1] * 64 for index in range(jpeg.components)}


def _read_huffman_tables(jpeg: JpegStructure, segment: bytes) -> None:
    position = 0
    while position + 17 < len(segment):
        jpeg.first_symbols[segment[position]] = segment[position + 17]
        position += 17 + sum(segment[position + 1 : position + 17])


def _zeros_are_flat(jpeg: JpegStructure, scan: bytes) -> bool:
    """Whether a long run of zeros may code a flat area.

    It does if the first code of each table of the scan means "no change" (DC) and "end of block" (AC), both
    symbol 0. With other tables it would be blocks whose coefficients are all alike, which no photo has.
    """
    if jpeg.frame not in _HUFFMAN_SEQUENTIAL:
        return True
    tables = [number for pair in scan[2:-3:2] for number in (pair >> 4, 0x10 | pair & 15)]
    return not any(jpeg.first_symbols.get(number, 0) for number in tables)


def _read_scan(jpeg: JpegStructure, segment: bytes, end: int) -> None:
    """Note which coefficients the scan codes. A sequential scan codes all, whatever its header says."""
    count = segment[0] if segment else 0
    if len(segment) != 4 + 2 * count:
        return
    components = [number for number in segment[1:-3:2] if number in jpeg.coded]
    if not jpeg.progressive:
        jpeg.coded |= dict.fromkeys(components, [0] * 64)
        jpeg.patches |= {end - 3 + n: value for n, value in enumerate((0, 63, 0)) if segment[n - 3] != value}
        return
    first, last, approximation = segment[-3:]
    for number in components:
        for coefficient in range(first, min(last, 63) + 1):
            jpeg.coded[number][coefficient] = approximation & 15
