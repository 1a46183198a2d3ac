"""Base class and shared sections of the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from coinspark.core.errors import ConfigError
from coinspark.core.registry import Registry, resolve


class Section(BaseModel):
    """A section of the configuration. Instances are frozen; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def select(cls, values: Mapping[str, Any]) -> type[Section]:
        """The class that validates these values: for a section with a `kind`, the class of that kind."""
        return cls


class Augment(Section):
    """Maximum random change of a training image.

    `shift`: share of the width of a side; `rotate`: degrees; `zoom`, `contrast`: relative; `brightness`:
    share of 255.
    """

    shift: float = Field(0.06, ge=0, le=0.5)
    rotate: float = Field(12.0, ge=0, le=180)
    zoom: float = Field(0.08, ge=0, le=0.5)
    brightness: float = Field(0.15, ge=0, le=1)
    contrast: float = Field(0.15, ge=0, lt=1)


def registered(registry: str, name: str) -> str:
    """The name, if the registry has it or if it is a `package.module:ATTRIBUTE` that can be imported.

    Args:
        registry: `module:ATTRIBUTE` of a registry in a package that this one must not import.

    Raises:
        ValueError: There is no such entry.
    """
    entries: Registry[Any] = resolve(registry)
    try:
        if entries.target(name) == name:
            entries[name]
    except ConfigError as error:
        raise ValueError(str(error)) from None
    return name
