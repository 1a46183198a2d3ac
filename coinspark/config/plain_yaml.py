"""YAML of plain data, with limits: a configuration is small, flat, and has each key once."""

from __future__ import annotations

from typing import Any

import yaml

from coinspark.core.errors import ConfigError

MAX_BYTES, MAX_VALUES, MAX_DEPTH = 1_000_000, 20_000, 16


class _Loader(yaml.SafeLoader):
    """PyYAML's safe loader, for which a key that is given twice is an error."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys: set[str] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.value in keys:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key.value!r} is given twice", key.start_mark
                )
            keys.add(str(key.value))
        return super().construct_mapping(node, deep)


def parse(text: str, where: str) -> Any:
    """Parse YAML.

    Args:
        text: The YAML text.
        where: The file or option, for error messages.

    Raises:
        ConfigError: Not YAML of plain data, a key is given twice, a limit is exceeded, or a text contains
            what no file or table can store.
    """
    try:
        value = yaml.load(text, _Loader)  # noqa: S506 - a subclass of the safe loader
    except yaml.YAMLError as error:
        raise ConfigError(f"{where}: not valid YAML with plain data: {_problem(error)}") from None
    except RecursionError:
        raise ConfigError(f"{where}: nested too deeply (more than {MAX_DEPTH} levels)") from None
    except (ValueError, LookupError, AttributeError, TypeError, OverflowError) as error:
        # PyYAML's constructors of dates and tagged values, such as 2023-02-30 or `!!int x`
        raise ConfigError(
            f"{where}: not valid YAML with plain data: a value cannot be converted ({error}); quote it"
        ) from None
    _check(value, where)
    return value


def _problem(error: yaml.YAMLError) -> str:
    """What is wrong, and where; not the line itself, which may contain a secret."""
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    if mark is None or problem is None:
        return " ".join(str(error).split())
    return f"{' '.join(problem.split())} (line {mark.line + 1}, column {mark.column + 1})"


def _check(value: Any, where: str) -> None:
    """Raise ConfigError for too many values, deep nesting, and texts that cannot be stored.

    Aliases share one object in memory, but a few lines of them stand for billions of values.
    """
    waiting, count = [("", 0, value)], 0
    while waiting:
        key, depth, item = waiting.pop()
        count += 1
        if depth > MAX_DEPTH:
            raise ConfigError(f"{where}: {key:.80}: nested too deeply (more than {MAX_DEPTH} levels)")
        if count > MAX_VALUES:
            raise ConfigError(f"{where}: more than {MAX_VALUES:,} values (aliases count each time)")
        if isinstance(item, str):
            check_text(item, f"{where}: {key}" if key else where)
        elif isinstance(item, dict):
            for name, content in item.items():
                check_text(str(name), f"{where}: {str(name)!r}")
                waiting.append((f"{key}.{name}".lstrip("."), depth + 1, content))
        elif isinstance(item, list):
            waiting += [(f"{key}.{index}", depth + 1, content) for index, content in enumerate(item)]


def check_text(text: str, where: str) -> None:
    """Raise ConfigError for a text with a NUL character, or one that UTF-8 cannot encode."""
    if "\0" in text:
        raise ConfigError(f"{where}: contains a NUL character; remove it")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ConfigError(f"{where}: is not valid text ({error.reason}); write it in UTF-8") from None
