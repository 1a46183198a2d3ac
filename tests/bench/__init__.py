"""Benchmarks. README.md has the results."""

from __future__ import annotations

import os
from pathlib import Path

REAL = Path(os.environ.get("COINSPARK_REAL_DATA", Path(__file__).parents[3] / "shared" / "data"))
"""Folder of the real data, for the benchmarks that use it."""
