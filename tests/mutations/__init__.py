"""Mutation checks: faults in central lines of coinspark that the tests must notice."""

from __future__ import annotations

from tests.mutations import (
    change_faults,
    clustering_faults,
    data_faults,
    evaluation_faults,
    learning_faults,
    protection_faults,
)
from tests.mutations.mutation import Mutation

MUTATIONS: tuple[Mutation, ...] = (
    *change_faults.MUTATIONS,
    *data_faults.MUTATIONS,
    *clustering_faults.MUTATIONS,
    *learning_faults.MUTATIONS,
    *evaluation_faults.MUTATIONS,
    *protection_faults.MUTATIONS,
)
