"""Word vectors from the texts alone: what stands beside a word, each place for itself, brought down to a few dimensions.

Positive pointwise mutual information between a word and (place, neighbour) for the two words on either side, then a truncated
singular value decomposition: of some 200,000 words it makes better vectors than a network would (Levy and Goldberg, 2014;
contexts smoothed as there, exponent 0.75). Words of one category stand in the same places: that is how a recogniser can tell a
name that it was never shown.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.utils.extmath import randomized_svd

_PLACES = (-2, -1, 1, 2)
_CONTEXTS, _OFTEN, _SMOOTH = 3_000, 3, 0.75
_EDGE = ""  # before the first word and after the last

Vectors = dict[str, np.ndarray[Any, Any]]


def make(texts: Iterable[Sequence[str]], width: int, seed: int) -> Vectors:
    """word → float32 (width,) of length 1, from texts as words; the same for the same texts, whatever their order."""
    counts, pairs = _count(texts)
    words = sorted(counts)
    often = sorted(counts, key=lambda word: (-counts[word], word))[:_CONTEXTS]
    contexts = {
        context: n
        for n, context in enumerate(
            [
                (place, word)
                for word in (_EDGE, *(word for word in often if counts[word] >= _OFTEN))
                for place in _PLACES
            ]
        )
    }
    row = {word: n for n, word in enumerate(words)}
    kept = sorted(
        (row[word], contexts[context], n) for (word, context), n in pairs.items() if context in contexts
    )
    if not kept or width >= min(len(words), len(contexts)):
        return {}
    rows, columns, n = (np.array(part) for part in zip(*kept, strict=True))
    weight = _ppmi(rows, columns, n.astype(np.float64), len(words), len(contexts))
    left, size, _ = randomized_svd(
        csr_matrix((weight, (rows, columns)), shape=(len(words), len(contexts))),
        width,
        n_iter=5,
        random_state=seed,
    )
    made = left * np.sqrt(size)
    made /= np.maximum(np.linalg.norm(made, axis=1, keepdims=True), 1e-9)
    return dict(zip(words, made.astype(np.float32), strict=True))


def blurred(vector: np.ndarray[Any, Any], blur: float, noise: np.random.Generator) -> np.ndarray[Any, Any]:
    """A vector of length 1 near this one: what a word is lent that nobody has seen."""
    moved = vector + noise.normal(0, blur / np.sqrt(len(vector)), len(vector))
    return np.asarray(moved / np.linalg.norm(moved), np.float32)


def _count(texts: Iterable[Sequence[str]]) -> tuple[Counter[str], Counter[tuple[str, tuple[int, str]]]]:
    """How often each word stands, and how often beside which neighbour in which place."""
    counts: Counter[str] = Counter()
    pairs: Counter[tuple[str, tuple[int, str]]] = Counter()
    for text in texts:
        counts.update(text)
        edged = [_EDGE, _EDGE, *text, _EDGE, _EDGE]
        for at, word in enumerate(text, start=2):
            pairs.update((word, (place, edged[at + place])) for place in _PLACES)
    return counts, pairs


def _ppmi(
    rows: np.ndarray[Any, Any],
    columns: np.ndarray[Any, Any],
    n: np.ndarray[Any, Any],
    words: int,
    contexts: int,
) -> np.ndarray[Any, Any]:
    """max(0, log p(word, context) / (p(word) p(context)^0.75 / Σ)) of each pair."""
    of_word = np.bincount(rows, n, words)
    of_context = np.bincount(columns, n, contexts) ** _SMOOTH
    expected = of_word[rows] * (of_context / of_context.sum())[columns]
    weight: np.ndarray[Any, Any] = np.maximum(np.log(n / expected), 0.0)
    return weight
