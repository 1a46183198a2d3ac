"""Spark settings as a properties file, for spark-sql and spark-submit."""

from __future__ import annotations

from collections.abc import Mapping

from coinspark.config.visible import visible_setting

_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\f": "\\f"}


def to_text(settings: Mapping[str, str]) -> str:
    """One line `key value` per setting, sorted; Java removes the escapes."""
    return "".join(f"{key} {_escaped(value)}\n" for key, value in sorted(settings.items()))


def hidden(settings: Mapping[str, str]) -> list[str]:
    """Names of the settings whose values may be secrets, sorted."""
    return sorted(key for key, value in settings.items() if visible_setting(key, value) != value)


def _escaped(value: str) -> str:
    return "".join(_ESCAPES.get(character, character) for character in value)
