"""Models of the trained engines: their training texts, and when a stored model is used again."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from coinspark.config import Config
from coinspark.core.code_version import code_version
from coinspark.core.errors import InputError
from coinspark.core.hashing import digest
from coinspark.entities.engines import ENGINES
from coinspark.entities.engines.engine import TrainedEngine, TrainingData, trained_engine
from coinspark.entities.lexicon import automaton
from coinspark.entities.lexicon.forms import Form
from coinspark.entities.ner import annotated, model_store
from coinspark.warehouse.files import Location
from coinspark.warehouse.locations import warehouse_location

_COLUMNS = {"en": "text_en", "de": "text_de"}
_FOLDER, _USED = "recognisers", "used.json"
_MIN_TEXTS = 50  # texts with a mention; fewer are too few to train on


def model_folders(
    config: Config,
    engine: str,
    texts: Iterable[tuple[str, str]],
    forms: tuple[Form, ...],
    say: Callable[[str], None],
    notice: Callable[[str], None],
    force: bool = False,
) -> dict[str, Location]:
    """Language → folder of its model: the pretrained one, a stored one, or one that is trained now.

    Args:
        config: The configuration.
        engine: Name of a trained engine.
        texts: (language, text) of the coins.
        forms: Forms of the lists, which annotate the training texts.
        say: Shows a line of progress.
        notice: Prints a line that stays: a language has too few texts and gets no model.
        force: Train models that are stored, too.
    """
    settings, texts_by_language = config.entities.recogniser, training_texts(config, texts)
    folders: dict[str, Location] = {}
    for language in config.entities.languages:
        if pretrained := settings.pretrained.get(language):
            model = model_store.pretrained_model(language, pretrained)
            folders[language] = model_store.for_workers(model, warehouse_location(config) / _FOLDER)
            continue
        annotated_texts = annotated.annotate_texts(
            texts_by_language.get(language, ()), language, automaton.cached_matcher(forms)
        )
        if (count := sum(bool(text.mentions) for text in annotated_texts)) < _MIN_TEXTS:
            notice(
                f"entities: {engine} not trained for {language!r}: {count} texts with listed names, "
                f"{_MIN_TEXTS} needed; it finds no entities in this language"
            )
            continue
        data = TrainingData(annotated_texts, language, settings, config.seed)
        folders[language] = _trained_model(config, engine, data, say, force)
    return folders


def _trained_model(
    config: Config, engine: str, data: TrainingData, say: Callable[[str], None], force: bool
) -> Location:
    """The stored model of this training data, trained first if it is missing or `force` is set."""
    key = training_key(engine, data)
    folder = warehouse_location(config) / _FOLDER / file_name(engine, data.language, key)
    facts = {
        "engine": engine,
        "language": data.language,
        "key": key,
        "texts": len(data.texts),
        "settings": data.settings.model_dump(mode="json"),
    }
    trained = trained_engine(engine)
    return model_store.get_or_train(folder, facts, lambda path: trained.train(data, path, say), force)


def record_used(config: Config, folders: Iterable[Location]) -> None:
    """Record the trained models of a build with their hashes, for `used_models`.

    Args:
        folders: Folders of models; pretrained ones, which are not in the warehouse, are left out.
    """
    root, models = warehouse_location(config), {}
    for folder in folders:
        if (path := folder.relative_to(root)) is not None:
            models[path] = model_store.stored_hash(folder.parent)
    if models or (root / _FOLDER).exists():
        (root / _FOLDER / _USED).write_json(models)


def used_models(config: Config) -> dict[str, str]:
    """Path below the warehouse → `folder_hash` of each model that the last build of entities used."""
    try:
        models: dict[str, str] = json.loads((warehouse_location(config) / _FOLDER / _USED).read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return models


def training_texts(config: Config, texts: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    """Language → distinct training texts, sorted, from (language, text) and `entities.recogniser.designs`."""
    distinct: dict[str, set[str]] = defaultdict(set)
    for language, text in (*texts, *_read_designs(config.entities.recogniser.designs)):
        distinct[language].add(text)
    return {language: tuple(sorted(own)) for language, own in distinct.items()}


def _read_designs(file: str | None) -> Iterator[tuple[str, str]]:
    """(language, text) of a CSV with a column text_en or text_de."""
    if file is None:
        return
    path, key = Path(file), "entities.recogniser.designs"
    try:
        with path.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines)
            header = reader.fieldnames or ()
            columns = {language: name for language, name in _COLUMNS.items() if name in header}
            if not columns:
                raise InputError(
                    f"{key}: {path}: expected a column {' or '.join(_COLUMNS.values())}; "
                    f"found {', '.join(header) or 'no columns'}"
                )
            for row in reader:
                for language, name in columns.items():
                    if text := (row[name] or "").strip():
                        yield language, text
    except OSError as error:
        raise InputError(f"{key}: {path} cannot be read ({error.strerror})") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{key}: {path} is not UTF-8 (byte {error.start}); save it as UTF-8") from None


def outside(config: Config) -> object:
    """State outside tables and configuration: the designs file, if an engine is trained.

    The hashes of pretrained models are in the settings.
    """
    if not any(isinstance(ENGINES[name], TrainedEngine) for name in config.entities.engines):
        return None
    return digest(sorted(_read_designs(config.entities.recogniser.designs)))


def file_name(engine: str, language: str, key: str) -> str:
    """Name of a folder or file for a result of this training key."""
    return f"{engine.replace(':', '-')}-{language}-{key[:12]}"


def training_key(engine: str, data: TrainingData) -> str:
    """SHA-256 hex of everything that decides a model: data, settings, seed, code and library versions."""
    return digest(
        {
            "engine": engine,
            "language": data.language,
            "seed": data.seed,
            "code": code_version(ENGINES.module(engine)),
            "settings": data.settings.model_dump(mode="json", exclude={"designs", "pretrained"}),
            "texts": [[text.text, [list(mention) for mention in text.mentions]] for text in data.texts],
            "unannotated": list(data.unannotated),
        }
    )
