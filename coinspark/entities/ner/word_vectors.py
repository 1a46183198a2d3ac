"""Word vectors from the texts alone: truncated SVD of positive pointwise mutual information.

A context is a neighbour together with its relative position. Context counts are smoothed with exponent 0.75.
On corpora of this size (some 200,000 words) this matches neural embeddings (Levy, Goldberg and Dagan, 2015).
Words of one category occur in the same contexts, so that the vector of an unseen name resembles the vectors
of known names.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix
from sklearn.utils.extmath import randomized_svd

_POSITIONS = (-2, -1, 1, 2)
_MAX_CONTEXT_WORDS, _MIN_COUNT, _SMOOTHING = 3_000, 3, 0.75
_EDGE = ""  # marks the positions before the first word and after the last

Array = np.ndarray[Any, Any]
WordVectors = dict[str, Array]
Context = tuple[int, str]
"""Relative position and neighbouring word."""


def fit(texts: Iterable[Sequence[str]], size: int, seed: int) -> WordVectors:
    """Word → float32 (size,), of unit length. The order of the texts does not matter.

    Args:
        texts: Texts as lists of words.

    Returns:
        No vectors if there are fewer words or contexts than dimensions.
    """
    word_counts, pair_counts = _count(texts)
    words, contexts = sorted(word_counts), _number_contexts(word_counts)
    row = {word: number for number, word in enumerate(words)}
    cells = sorted(
        (row[word], contexts[context], count)
        for (word, context), count in pair_counts.items()
        if context in contexts
    )
    if not cells or size >= min(len(words), len(contexts)):
        return {}
    rows, columns, counts = (np.array(part) for part in zip(*cells, strict=True))
    shape = len(words), len(contexts)
    weights = _ppmi(rows, columns, counts.astype(np.float64), shape)
    left, singular_values, _ = randomized_svd(
        csr_matrix((weights, (rows, columns)), shape=shape), size, n_iter=5, random_state=seed
    )
    vectors = left * np.sqrt(singular_values)
    vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    return dict(zip(words, vectors.astype(np.float32), strict=True))


def with_noise(vector: Array, scale: float, rng: np.random.Generator) -> Array:
    """A unit vector near this one: add Gaussian noise of a length of about `scale`, then normalise."""
    moved = vector + rng.normal(0, scale / np.sqrt(len(vector)), len(vector))
    return np.asarray(moved / np.linalg.norm(moved), np.float32)


def _count(texts: Iterable[Sequence[str]]) -> tuple[Counter[str], Counter[tuple[str, Context]]]:
    """Occurrences of each word, and of each word with each context."""
    word_counts: Counter[str] = Counter()
    pair_counts: Counter[tuple[str, Context]] = Counter()
    for text in texts:
        word_counts.update(text)
        padded = [_EDGE, _EDGE, *text, _EDGE, _EDGE]
        for index, word in enumerate(text, start=2):
            pair_counts.update((word, (position, padded[index + position])) for position in _POSITIONS)
    return word_counts, pair_counts


def _number_contexts(word_counts: Mapping[str, int]) -> dict[Context, int]:
    """Context → column, for the most frequent words and the text's edges at every position."""
    frequent = sorted(word_counts, key=lambda word: (-word_counts[word], word))[:_MAX_CONTEXT_WORDS]
    neighbours = (_EDGE, *(word for word in frequent if word_counts[word] >= _MIN_COUNT))
    contexts = [(position, word) for word in neighbours for position in _POSITIONS]
    return {context: number for number, context in enumerate(contexts)}


def _ppmi(rows: Array, columns: Array, counts: Array, shape: tuple[int, int]) -> Array:
    """max(0, log p(word, context) / (p(word) p'(context))) of each pair; p' ∝ count^0.75."""
    of_word = np.bincount(rows, counts, shape[0])
    of_context = np.bincount(columns, counts, shape[1]) ** _SMOOTHING
    expected = of_word[rows] * (of_context / of_context.sum())[columns]
    weights: Array = np.maximum(np.log(counts / expected), 0.0)
    return weights
