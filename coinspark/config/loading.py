"""Loading of a configuration: YAML files and `--set` overrides, merged over the defaults and validated.

A file has only the keys that differ from the defaults. An unknown key, a wrong type or an invalid value
raises an error that names file and key.
"""

from __future__ import annotations

import difflib
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from coinspark.config import plain_yaml
from coinspark.config.combinations import combination_faults
from coinspark.config.common import Section
from coinspark.config.renamed import renamed_keys
from coinspark.config.root import Config
from coinspark.core.errors import ConfigError
from coinspark.core.uris import masked_uri

_MAX_SECRET = 10_000
_MAX_LINES = 20  # faults of one configuration that are shown


def load(
    files: Sequence[str | Path] = (), overrides: Sequence[str] = (), sections: Sequence[str] = ()
) -> Config:
    """Load YAML files, merged in order, then `key.sub=value` overrides.

    In a file `${NAME}` and `${NAME:-default}` are replaced by environment variables, `${FILE:path}` by the
    text of a file, so that secrets need not be in the configuration.

    Args:
        sections: Top-level keys to load; the others keep their defaults. To check sources and layers, their
            modules are imported, which takes longer than a query of the tables. Default: all.

    Raises:
        ConfigError: One line per fault, which names the file and the key.
    """
    merged: dict[str, Any] = {}
    for file in files:
        merged = _merge(merged, _read(Path(file)))
    for override in overrides:
        merged = _merge(merged, _override(override))
    where = ", ".join(str(file) for file in files) or "the defaults"
    if renamed := [f"{where}: the key {old} is now {new}; rename it" for old, new in renamed_keys(merged)]:
        raise ConfigError("\n".join(renamed))
    if sections:
        others = set(Config.model_fields) - set(sections)
        merged = {key: value for key, value in merged.items() if key not in others}
    try:
        config = Config.model_validate(merged)
    except ValidationError as error:
        lines = [_explain(item, where, merged) for item in _causes(error)]
        more = [f"{where}: {len(lines) - _MAX_LINES} more faults"] if len(lines) > _MAX_LINES else []
        raise ConfigError("\n".join([*lines[:_MAX_LINES], *more])) from None
    if faults := combination_faults(config):
        raise ConfigError("\n".join(f"{where}: {fault}" for fault in faults))
    return config


def _causes(error: ValidationError) -> list[Any]:
    """The errors without those that follow from another one: a list is too short if its items are invalid."""
    errors = error.errors()
    paths = [item["loc"] for item in errors]
    return [
        item
        for item in errors
        if item["type"] != "too_short"
        or not any(len(path) > len(item["loc"]) and path[: len(item["loc"])] == item["loc"] for path in paths)
    ]


def _read(file: Path) -> dict[str, Any]:
    try:
        with file.open("rb") as stream:
            data = stream.read(plain_yaml.MAX_BYTES + 1)
    except OSError as error:
        raise ConfigError(
            f"{file}: cannot be read ({error.strerror}); give the path of a YAML file"
        ) from None
    if len(data) > plain_yaml.MAX_BYTES:
        raise ConfigError(f"{file}: larger than {plain_yaml.MAX_BYTES:,} bytes; give the path of a YAML file")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{file}: not UTF-8 ({error.reason} at byte {error.start}); save the file as UTF-8"
        ) from None
    loaded = plain_yaml.parse(text, str(file))
    if loaded is None:
        return {}
    if not isinstance(loaded, dict):
        raise ConfigError(f"{file}: expected keys with values, found a {type(loaded).__name__}")
    return {str(key): _expand(value, file) for key, value in loaded.items()}


_VARIABLE = re.compile(r"\$\{(?:FILE:([^}]+)|([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?)\}")
_MAY_BE_SECRET = (("spark", "conf"), ("catalog", "properties"))


def _expand(value: Any, file: Path) -> Any:
    if isinstance(value, dict):
        return {key: _expand(item, file) for key, item in value.items()}
    if isinstance(value, list):
        return [_expand(item, file) for item in value]
    if not isinstance(value, str):
        return value

    def substitute(match: re.Match[str]) -> str:
        if match.group(1):
            return _text_of(match.group(1), f"{file}: {match.group(0)}")
        name, default = match.group(2), match.group(3)
        if (variable := os.environ.get(name, default)) is None:
            raise ConfigError(
                f"{file}: {match.group(0)}: the environment variable {name} is not set; set it, or give "
                f"a default: ${{{name}:-value}}"
            )
        plain_yaml.check_text(variable, f"{file}: {match.group(0)}")
        return variable

    return _VARIABLE.sub(substitute, value)


def _text_of(path: str, where: str) -> str:
    """The text of a small file, such as a password, without the line break at its end."""
    try:
        with Path(path).open(encoding="utf-8") as stream:
            text = stream.read(_MAX_SECRET + 1).removesuffix("\n")
    except OSError as error:
        raise ConfigError(f"{where}: cannot be read ({error.strerror}); give the path of a file") from None
    except ValueError:
        raise ConfigError(f"{where}: the file is not UTF-8 text") from None
    if len(text) > _MAX_SECRET:
        raise ConfigError(f"{where}: the file has more than {_MAX_SECRET:,} characters")
    plain_yaml.check_text(text, where)
    return text


def _override(text: str) -> dict[str, Any]:
    key, mark, value = text.partition("=")
    plain_yaml.check_text(text, f"--set {key!r:.80}")
    parts = key.split(".")
    if not mark or not all(parts) or len(parts) > plain_yaml.MAX_DEPTH:
        raise ConfigError(f"--set {key!r:.80}: expected key=value, such as training.epochs=3")
    nested: Any = plain_yaml.parse(value, f"--set {key}")
    for part in reversed(parts):
        nested = {part: nested}
    return dict(nested)


def _merge(base: dict[str, Any], update: dict[str, Any]) -> dict[str, Any]:
    """`update` over `base`: sections are merged key by key; other values, lists too, are replaced."""
    merged = dict(base)
    for key, value in update.items():
        if isinstance(value, dict) and isinstance(merged.get(key), dict):
            merged[key] = _merge(merged[key], value)
        else:
            merged[key] = value
    return merged


def _explain(error: Mapping[str, Any], where: str, values: Mapping[str, Any]) -> str:
    """A line for one of pydantic's errors in these values; for an unknown key with the nearest known key."""
    path = error["loc"]
    key = ".".join(str(part) for part in path) or "the configuration"
    key = key if key.isprintable() else repr(key)
    if error["type"] != "extra_forbidden":
        message = " ".join(error["msg"].removeprefix("Value error, ").split())
        return f"{where}: {key}: {message}{_given(path, error.get('input'))}"
    known = sorted(_section_at(path[:-1], values).model_fields)
    near = difflib.get_close_matches(str(path[-1]), known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}"
    return f"{where}: unknown key {'.'.join(map(str, path))!r}; {hint}"


def _given(path: Sequence[Any], value: Any) -> str:
    """The value, unless it may be or contain a secret."""
    if path[:2] in _MAY_BE_SECRET or isinstance(value, Mapping):
        return ""
    shown = masked_uri(value) if isinstance(value, str) else value
    return f" (given: {shown!r:.80})"


def _section_at(path: Sequence[Any], values: Any) -> type[Section]:
    """The class of the section at this path of the values."""
    section: type[Section] = Config
    for part in path:
        values = _item(values, part)
        if part in section.model_fields:
            section = _section_in(section.model_fields[part].annotation) or section
        if isinstance(values, Mapping):
            section = section.select(values)
    return section


def _item(values: Any, part: Any) -> Any:
    """The value at this key or index; None if there is none, as for a part that pydantic adds to a path."""
    try:
        return values[part]
    except (KeyError, IndexError, TypeError):
        return None


def _section_in(annotation: Any) -> type[Section] | None:
    """The section class inside an annotation such as `tuple[Layer, ...]`."""
    if isinstance(annotation, type) and issubclass(annotation, Section):
        return annotation
    return next((section for part in get_args(annotation) if (section := _section_in(part))), None)
