"""Numbers and texts as the report prints them; also the filters of its templates."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from coinspark.evaluation.comparison import Score
from coinspark.evaluation.table1 import metric_title


def percent(share: float) -> str:
    """A share as `12.3 %`; `–` for NaN."""
    return "–" if share != share else f"{100 * share:.1f} %"


def points_in_words(score: Score) -> str:
    """A difference as `+3.1 points (95 % interval −0.4 to +6.7)`."""
    value, low, high = 100 * score.value, 100 * score.low, 100 * score.high
    return minus(f"{value:+.1f} points (95 % interval {low:+.1f} to {high:+.1f})")


def minus(text: str) -> str:
    """Replace the hyphen before negative numbers by a minus sign."""
    return re.sub(r"(?<![\w])-(?=\d)", "−", text)


def pretty(text: str) -> str:
    """Indent JSON; other texts are unchanged."""
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return text


FILTERS: dict[str, Callable[..., str]] = {
    "percent": percent,
    "number": "{:,}".format,
    "minus": minus,
    "pretty": pretty,
    "metric": metric_title,
}
