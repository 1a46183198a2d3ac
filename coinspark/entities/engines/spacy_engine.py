"""The spaCy engine: one pipeline per language, trained on the texts that the lexicon annotated.

A blank pipeline gets two components. An `entity_ruler` matches the unambiguous names of the training texts. A
`ner` component finds other names from their context: four convolutions over word vectors
(`ner/word_vectors.py`) and word shapes, then spaCy's transition-based parser. It gets no prefixes, suffixes
or norms; with them it recognises known names by their letters, and invented ones by their endings.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import pandas as pd
import spacy
from pyspark.sql import DataFrame
from spacy.language import Language
from spacy.training import Example
from thinc.api import Adam, fix_random_seed

from coinspark.config import Recogniser
from coinspark.entities import frames
from coinspark.entities.engines.engine import Models, TrainedEngine, TrainingData
from coinspark.entities.lexicon.forms import Form
from coinspark.entities.lexicon.lists import CATEGORIES
from coinspark.entities.ner import augment, unverified, word_vectors
from coinspark.entities.ner.annotated import AnnotatedText, Span, unambiguous_forms
from coinspark.warehouse.files import Location
from coinspark.warehouse.schemas import ENTITIES

NAME = "spacy"
_WIDTH, _DEPTH, _BATCH, _DROPOUT, _LEARNING_RATE = 96, 4, 64, 0.2, 1e-3
_MAX_INVENTED = 20_000  # rows of the vector table for invented words; further ones have no vector


def train(data: TrainingData, folder: Location, say: Callable[[str], None]) -> None:
    """Train a pipeline and write it to `folder`; the same input gives the same bytes."""
    fix_random_seed(data.seed)
    rng = random.Random(data.seed)  # noqa: S311 - must be repeatable
    nlp = spacy.blank(data.language)
    settings, texts = data.settings, sorted(data.texts, key=lambda text: text.text)
    all_texts = sorted({*data.unannotated, *(text.text for text in texts)})
    add_invented = _add_vectors(nlp, all_texts, settings, data.seed)
    _add_recogniser(nlp, bool(len(nlp.vocab.vectors)))
    pool = augment.name_pool(texts)
    replacement = augment.Replacement(
        pool, data.language, settings.replace_share, settings.invent_share, add_invented
    )
    nlp.initialize(lambda: [_example(nlp, text) for text in texts[:200]])
    optimizer = Adam(_LEARNING_RATE, L2=0.01, grad_clip=1.0, use_averages=True, L2_is_weight_decay=True)
    for epoch in range(1, settings.epochs + 1):
        order = rng.sample(texts, len(texts))
        for start in range(0, len(order), _BATCH):
            batch = [
                _example(nlp, augment.replace_mentions(text, replacement, rng))
                for text in order[start : start + _BATCH]
            ]
            nlp.update(batch, sgd=optimizer, drop=_DROPOUT)
            progress = f"epoch {epoch} of {settings.epochs}, {start:,} of {len(order):,} texts"
            say(f"entities  spaCy, {data.language}: {progress}")
    patterns = [{"label": category, "pattern": form} for form, category in unambiguous_forms(texts).items()]
    nlp.add_pipe("entity_ruler", before="ner").add_patterns(patterns)
    with nlp.use_params(optimizer.averages), folder.written() as path:
        nlp.to_disk(path)
    unverified.write_phrases(texts, folder)


def find(folder: Location, texts: Sequence[str]) -> list[list[Span]]:
    """Spans that the pipeline of this folder finds in each text."""
    return [
        [Span(entity.start_char, entity.end_char, entity.label_) for entity in doc.ents]
        for doc in _load(folder).pipe(texts, batch_size=256)
    ]


def annotate(texts: DataFrame, models: Models, forms: tuple[Form, ...]) -> DataFrame:
    """ENTITIES rows of the texts (see `Engine`); a Python worker loads each pipeline once."""
    spread = texts.select("text_id", "language", "text").repartition(
        texts.sparkSession.sparkContext.defaultParallelism * 2
    )

    def annotate_batches(batches: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for batch in batches:
            for language, part in batch.groupby("language"):
                if language in models:
                    spans = find(models[str(language)], part["text"].tolist())
                    yield frames.entity_rows(NAME, part, spans, forms, models)

    return spread.mapInPandas(annotate_batches, ENTITIES.ddl)


@lru_cache(maxsize=8)
def _load(folder: Location) -> Language:
    with folder.as_local() as path:
        nlp = spacy.load(path)
    nlp.max_length = 2**30  # characters; spaCy would refuse a description of more than a million
    return nlp


def _add_vectors(
    nlp: Language, texts: Sequence[str], settings: Recogniser, seed: int
) -> Callable[[str, str], None]:
    """Fill the vocabulary's vector table.

    Returns:
        A function that gives an invented word a vector near that of a known word.

    That vector is noisy because an unlisted name is similar to known names, not equal to one of them.
    """
    docs = [nlp.make_doc(text) for text in texts]
    words = [[token.norm_ for token in doc] for doc in docs]
    vectors = word_vectors.fit(words, settings.vector_size, seed) if settings.vector_size else {}
    if not vectors:
        return lambda word, known: None
    table = nlp.vocab.vectors
    table.resize((len(vectors) + _MAX_INVENTED, settings.vector_size))
    for word, vector in vectors.items():
        table.add(word, vector=vector)
    for doc in docs:
        for token in doc:
            if token.orth not in table:
                table.add(token.orth, row=table.key2row[nlp.vocab.strings[token.norm_]])
    rng = np.random.default_rng(seed)

    def add_invented(word: str, known: str) -> None:
        key = nlp.vocab.strings[known]  # the table's keys are hashes
        if nlp.vocab.strings[word] in table or key not in table or table.is_full:
            return
        table.add(word, vector=word_vectors.with_noise(table[key], settings.vector_noise, rng))

    return add_invented


def _add_recogniser(nlp: Language, with_vectors: bool) -> None:
    """Add the `ner` component; without vectors it sees norms, prefixes and suffixes instead."""
    table_sizes = (
        {"SHAPE": 2500} if with_vectors else {"NORM": 5000, "PREFIX": 1000, "SUFFIX": 2500, "SHAPE": 2500}
    )
    embed = {
        "@architectures": "spacy.MultiHashEmbed.v2",
        "width": _WIDTH,
        "attrs": list(table_sizes),
        "rows": list(table_sizes.values()),
        "include_static_vectors": with_vectors,
    }
    encode = {
        "@architectures": "spacy.MaxoutWindowEncoder.v2",
        "width": _WIDTH,
        "depth": _DEPTH,
        "window_size": 1,
        "maxout_pieces": 3,
    }
    parser = {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "ner",
        "extra_state_tokens": False,
        "hidden_width": 64,
        "maxout_pieces": 2,
        "use_upper": True,
        "nO": None,
        "tok2vec": {"@architectures": "spacy.Tok2Vec.v2", "embed": embed, "encode": encode},
    }
    recogniser = nlp.add_pipe("ner", config={"model": parser})
    for category in CATEGORIES.values():
        recogniser.add_label(category)


def _example(nlp: Language, text: AnnotatedText) -> Example:
    """A training example; mentions that don't align with spaCy's tokens are left out."""
    doc = nlp.make_doc(text.text)
    spans = (doc.char_span(mention.start, mention.end, label=mention.category) for mention in text.mentions)
    reference: dict[str, Any] = {
        "entities": [(span.start_char, span.end_char, span.label_) for span in spans if span]
    }
    return Example.from_dict(doc, reference)


ENGINE = TrainedEngine(annotate, train, find)
