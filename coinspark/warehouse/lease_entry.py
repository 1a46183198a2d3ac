"""Entries of the log of leases, as text in the summaries of its snapshots; readable without Spark."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime

from coinspark.warehouse.owner import Owner

TABLE = "lease"
"""The log. Not one of `schemas.TABLES`: it belongs to no build and has no tags."""
SUMMARY = "coinspark.lease"
"""Key of the summary of a snapshot."""


@dataclass(frozen=True)
class Entry:
    """One entry.

    Attributes:
        lease: Random id of the lease; the entries of one build have the same.
        after: The snapshot that the writer saw.
        since: When the build began.
        heartbeat: When the entry was written, by the clock of its writer, as are all times.
        until: When the lease expires unless it is renewed.
        released: The build has ended.
    """

    lease: str
    owner: Owner
    after: int
    since: datetime
    heartbeat: datetime
    until: datetime
    released: bool = False


def entry_text(entry: Entry) -> str:
    """The entry as text for the summary of a snapshot."""
    return json.dumps(asdict(entry), default=datetime.isoformat)


def valid_entry(text: str | None, parent: int | None) -> Entry | None:
    """The entry of a snapshot; None if it has none, or its writer did not see the snapshot before it.

    Args:
        text: What the summary of the snapshot has under SUMMARY.
        parent: The snapshot before it.
    """
    if text is None:
        return None
    values = json.loads(text)
    times = {name: datetime.fromisoformat(values[name]) for name in ("since", "heartbeat", "until")}
    entry = Entry(**{**values, **times, "owner": Owner(**values["owner"])})
    return entry if entry.after == parent else None
