"""The error of a photo that cannot be used."""

from __future__ import annotations

from coinspark.warehouse.schemas import Reason


class PhotoError(Exception):
    """A photo that cannot be used: the reason and detail of its reject, and the side if it is known."""

    def __init__(self, reason: Reason, detail: str, side: str = "") -> None:
        super().__init__(reason, detail, side)
        self.reason: Reason = reason
        self.detail = detail
        self.side = side
