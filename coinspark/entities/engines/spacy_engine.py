"""The spaCy engine: a pipeline trained on the lexicon's own finds, run over the distinct texts. The only file that knows spaCy.

A blank pipeline of the language with two components. The names of its own texts it has by heart, in a list (entity_ruler): what
is to be remembered need not be learnt. What it learns is a recogniser of the others, from what stands around a name and what
it is like: a word's vector (vectors.py) and its shape, four convolutions over its neighbours, spaCy's transitions. Letters are
kept from it: it would know the known names by them, and made-up ones by their endings, and look no further.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import spacy
from pyspark.sql import DataFrame
from spacy.language import Language
from spacy.training import Example
from thinc.api import Adam, fix_random_seed

from coinspark.config import Recogniser
from coinspark.entities import spans
from coinspark.entities.lexicon.lists import CATEGORIES, Form
from coinspark.entities.ner import augment, unverified, word_vectors
from coinspark.entities.ner.annotated import Marked, Span, by_heart
from coinspark.warehouse.schemas import ENTITIES

NAME = "spacy"
_WIDTH, _DEPTH, _BATCH, _DROP, _RATE = 96, 4, 64, 0.2, 1e-3
_MADE_UP = 20_000  # rows of the vector table for made-up words; past them a made-up word has no vector


def train(
    marked: Sequence[Marked],
    language: str,
    settings: Recogniser,
    seed: int,
    folder: Path,
    say: Callable[[str], None],
    more: Sequence[str] = (),
) -> None:
    """Learn from these texts and write the pipeline to `folder`; the same bytes from the same texts, settings and seed.

    Of `more` texts it sees which words stand beside which, for the word vectors, and nothing else.
    """
    fix_random_seed(seed)
    draw = random.Random(seed)  # noqa: S311 - draws that repeat are what is wanted
    nlp = spacy.blank(language)
    texts = sorted(marked, key=lambda one: one.text)
    like = _give_vectors(nlp, sorted({*more, *(one.text for one in texts)}), settings, seed)
    _add_recogniser(nlp, bool(len(nlp.vocab.vectors)))
    mask = augment.Mask(augment.pool(texts), language, settings.swap, settings.invent, like)
    nlp.initialize(lambda: [_example(nlp, one) for one in texts[:200]])
    optimizer = Adam(_RATE, L2=0.01, grad_clip=1.0, use_averages=True, L2_is_weight_decay=True)
    for number in range(settings.passes):
        order = draw.sample(texts, len(texts))
        for start in range(0, len(order), _BATCH):
            batch = [
                _example(nlp, augment.disguise(one, mask, draw)) for one in order[start : start + _BATCH]
            ]
            nlp.update(batch, sgd=optimizer, drop=_DROP)
            say(
                f"entities  spaCy, {language}: pass {number + 1} of {settings.passes}, {start:,} of {len(order):,} texts"
            )
    patterns = [{"label": category, "pattern": form} for form, category in by_heart(texts).items()]
    nlp.add_pipe("entity_ruler", before="ner").add_patterns(patterns)
    with nlp.use_params(optimizer.averages):
        nlp.to_disk(folder)
    unverified.write(texts, folder)


def find(folder: Path, texts: Sequence[str]) -> list[list[Span]]:
    """The spans that the pipeline of this folder finds in each text."""
    return [
        [Span(one.start_char, one.end_char, one.label_) for one in doc.ents]
        for doc in _loaded(str(folder)).pipe(texts, batch_size=256)
    ]


def annotate(texts: DataFrame, folders: dict[str, str], forms: tuple[Form, ...]) -> DataFrame:
    """ENTITIES rows of `texts` (text_id, language, text; a row a distinct text), key (text_id, engine, start).

    `folders`: language → its pipeline; each is loaded once a process. A span is linked to the entry that it names.
    """
    spread = texts.select("text_id", "language", "text").repartition(
        texts.sparkSession.sparkContext.defaultParallelism * 2
    )

    def each(batches: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for batch in batches:
            for language, part in batch.groupby("language"):
                if language in folders:
                    found = find(Path(folders[str(language)]), part["text"].tolist())
                    yield spans.rows(NAME, part, found, forms, folders)

    return spread.mapInPandas(each, ENTITIES.ddl)


@lru_cache(maxsize=8)
def _loaded(folder: str) -> Language:
    nlp = spacy.load(folder)
    nlp.max_length = 2**30  # characters; a description of a megabyte is odd, and no reason to stop
    return nlp


def _give_vectors(
    nlp: Language, texts: Sequence[str], settings: Recogniser, seed: int
) -> Callable[[str, str], None]:
    """Fill the vocabulary's vectors; gives a function that lends a made-up word the vector of a known one, blurred.

    Blurred, since a name that nobody has listed stands near the known ones and on none of them.
    """
    docs = [nlp.make_doc(text) for text in texts]
    words = [[token.norm_ for token in doc] for doc in docs]
    made = word_vectors.make(words, settings.vectors, seed) if settings.vectors else {}
    if not made:
        return lambda word, like: None
    table = nlp.vocab.vectors
    table.resize((len(made) + _MADE_UP, settings.vectors))
    for word, vector in made.items():
        table.add(word, vector=vector)
    for doc in docs:
        for token in doc:
            if token.orth not in table:
                table.add(token.orth, row=table.key2row[nlp.vocab.strings[token.norm_]])
    noise = np.random.default_rng(seed)

    def like(word: str, known: str) -> None:
        of = nlp.vocab.strings[known]  # the table knows numbers only
        if nlp.vocab.strings[word] in table or of not in table or table.is_full:
            return
        table.add(word, vector=word_vectors.blurred(table[of], settings.blur, noise))

    return like


def _add_recogniser(nlp: Language, with_vectors: bool) -> None:
    seen = {"SHAPE": 2500} if with_vectors else {"NORM": 5000, "PREFIX": 1000, "SUFFIX": 2500, "SHAPE": 2500}
    embed = {
        "@architectures": "spacy.MultiHashEmbed.v2",
        "width": _WIDTH,
        "attrs": list(seen),
        "rows": list(seen.values()),
        "include_static_vectors": with_vectors,
    }
    encode = {
        "@architectures": "spacy.MaxoutWindowEncoder.v2",
        "width": _WIDTH,
        "depth": _DEPTH,
        "window_size": 1,
        "maxout_pieces": 3,
    }
    recogniser = nlp.add_pipe(
        "ner",
        config={
            "model": {
                "@architectures": "spacy.TransitionBasedParser.v2",
                "state_type": "ner",
                "extra_state_tokens": False,
                "hidden_width": 64,
                "maxout_pieces": 2,
                "use_upper": True,
                "nO": None,
                "tok2vec": {"@architectures": "spacy.Tok2Vec.v2", "embed": embed, "encode": encode},
            }
        },
    )
    for category in CATEGORIES.values():
        recogniser.add_label(category)


def _example(nlp: Language, one: Marked) -> Example:
    """A text as it is, and as it should come out; a mention that does not end where a word ends can't be shown."""
    shown = nlp.make_doc(one.text)
    marked = (shown.char_span(mention.start, mention.end, label=mention.category) for mention in one.mentions)
    wanted: dict[str, Any] = {
        "entities": [(span.start_char, span.end_char, span.label_) for span in marked if span]
    }
    return Example.from_dict(shown, wanted)
