"""Benchmarks; where the real coins lie, for those that measure on them."""

from __future__ import annotations

import os
from pathlib import Path

REAL = Path(os.environ.get("COINSPARK_REAL_DATA", Path(__file__).parents[3] / "shared" / "data"))
