"""The workers of a run as one of them sees them; how they reach each other is the launcher's business."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Team:
    """A worker among workers: who it is, and what they do together."""

    rank: int
    size: int
    local_rank: int
    local_size: int
    optimizer: Callable[[Any], Any]  # makes it apply the mean of all workers' gradients
    broadcast: Callable[[list[Any]], None]  # gives rank 0's variables to all
    mean: Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]]  # of an array over the workers
    total: Callable[[np.ndarray[Any, Any]], np.ndarray[Any, Any]]  # its sum


def alone() -> Team:
    """A team of one."""
    return Team(
        0,
        1,
        0,
        1,
        lambda optimizer: optimizer,
        lambda variables: None,
        lambda array: array,
        lambda array: array,
    )
