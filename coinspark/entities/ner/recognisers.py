"""Training the recognisers that a configuration asks for: what they learn from, and when one that stands is used again."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path

from coinspark.config import Config
from coinspark.core.code_version import code_version
from coinspark.core.errors import InputError
from coinspark.core.hashing import digest
from coinspark.entities.lexicon import automaton
from coinspark.entities.lexicon.lists import Form
from coinspark.entities.ner import annotated, model_store
from coinspark.entities.ner.annotated import Marked
from coinspark.warehouse.locations import local_folder

_COLUMNS = {"en": "text_en", "de": "text_de"}
_LIBRARY = {"spacy": "spacy", "sparknlp": "spark-nlp"}
_LEAST = 50  # texts that name something; from fewer nothing can be learnt

Train = Callable[[tuple[Marked, ...], str, Path], None]
"""Texts, language, folder: learn from the texts and write the recogniser."""


def folders(
    config: Config,
    engine: str,
    texts: Iterable[tuple[str, str]],
    forms: tuple[Form, ...],
    train: Train,
    say: Callable[[str], None],
) -> dict[str, str]:
    """language → the folder of its recogniser: the given one, the one that stands, or one that is trained now.

    `texts`: (language, text). A language with too few texts gets none, is named, and the others go on.
    """
    known = designs(config, texts)
    found: dict[str, str] = {}
    for language in config.entities.languages:
        if given := config.entities.recogniser.pretrained.get(language):
            found[language] = str(model_store.pretrained(language, given))
            continue
        ready = annotated.mark(known.get(language, ()), language, automaton.cached(forms))
        naming = sum(bool(one.mentions) for one in ready)
        if naming < _LEAST:
            say(
                f"entities: {engine} has {naming} texts in {language!r} to learn from, fewer than {_LEAST}: no entities of it"
            )
            continue
        key = learning(config, engine, language, ready)
        place = local_folder(config) / "recognisers" / f"{engine}-{language}-{key[:12]}"
        facts = {
            "engine": engine,
            "language": language,
            "key": key,
            "texts": len(ready),
            "settings": config.entities.recogniser.model_dump(mode="json"),
        }

        def learn(folder: Path, ready: tuple[Marked, ...] = ready, language: str = language) -> None:
            train(ready, language, folder)

        found[language] = str(model_store.make(place, facts, learn))
    return found


def designs(config: Config, texts: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """language → the distinct texts to learn from, sorted: these, and those of `entities.recogniser.designs`."""
    known: dict[str, set[str]] = defaultdict(set)
    for language, text in texts:
        known[language].add(text)
    for language, text in _more(config.entities.recogniser.designs):
        known[language].add(text)
    return {language: tuple(sorted(found)) for language, found in known.items()}


def _more(file: str | None) -> Iterable[tuple[str, str]]:
    if file is None:
        return
    path = Path(file)
    try:
        with path.open(encoding="utf-8-sig", newline="") as opened:
            reader = csv.DictReader(opened)
            columns = {
                language: name for language, name in _COLUMNS.items() if name in (reader.fieldnames or ())
            }
            if not columns:
                raise InputError(
                    f"entities.recogniser.designs: {path} has none of the columns {', '.join(_COLUMNS.values())}; "
                    f"it has {', '.join(reader.fieldnames or ()) or 'none'}"
                )
            for row in reader:
                yield from (
                    (language, text)
                    for language, name in columns.items()
                    if (text := (row[name] or "").strip())
                )
    except OSError as error:
        raise InputError(f"entities.recogniser.designs: {path} cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise InputError(f"entities.recogniser.designs: {path} is not UTF-8 (byte {error.start})") from None


def outside(config: Config) -> object:
    """What the recognisers depend on that lies in no table: the file of designs, the hashes of what is given."""
    designs_file, given = config.entities.recogniser.designs, config.entities.recogniser.pretrained
    stated: Mapping[str, object] = {language: one.sha256 for language, one in given.items()}
    return [
        stated,
        digest(sorted(_more(designs_file))) if set(config.entities.engines) - {"lexicon"} else None,
    ]


def learning(
    config: Config, engine: str, language: str, ready: Sequence[Marked], more: Sequence[str] = ()
) -> str:
    """The hash of all that a recogniser comes from: texts, settings, code, its library; and `more` texts, shown or asked."""
    code = code_version(f"coinspark.entities.engines.{engine}_engine")
    return digest(
        {
            "engine": engine,
            "language": language,
            "seed": config.seed,
            "code": code,
            "library": version(_LIBRARY[engine]),
            "settings": config.entities.recogniser.model_dump(mode="json", exclude={"designs", "pretrained"}),
            "texts": [[one.text, [list(mention) for mention in one.mentions]] for one in ready],
            **({"more": list(more)} if more else {}),
        }
    )
