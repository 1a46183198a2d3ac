"""Base class and shared sections of the configuration."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from coinspark.core.errors import ConfigError
from coinspark.core.registry import Registry, resolve


class Section(BaseModel):
    """A section of the configuration. Instances are frozen; an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @classmethod
    def select(cls, values: Mapping[str, Any]) -> type[Section]:
        """The class that validates these values: for a section with a `kind`, the class of that kind."""
        return cls


def _expand_home(path: str) -> str:
    """The path with `~` or `~user` at its start replaced by the home folder."""
    if not path.strip():
        raise ValueError("the path is empty; give a path")
    if not path.startswith("~"):
        return path
    try:
        return str(Path(path).expanduser())
    except RuntimeError:
        user = path.split("/")[0]
        raise ValueError(f"{user!r}: there is no such home folder; write the path without `~`") from None


Item = TypeVar("Item")


def _check_distinct(items: tuple[Item, ...]) -> tuple[Item, ...]:
    if repeated := [item for index, item in enumerate(items) if item in items[:index]]:
        raise ValueError(f"{repeated[0]!r} is given twice; remove one of them")
    return items


PathText = Annotated[str, AfterValidator(_expand_home)]
"""A path or URI; `~` stands for the home folder."""

Distinct = AfterValidator(_check_distinct)
"""Annotation of a tuple whose items must differ."""

Seed = Annotated[int, Field(ge=0, lt=2**31)]
"""A seed of random draws. NumPy, TensorFlow and Spark all accept this range."""

Sha256 = Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")]
"""A SHA-256 in hex."""


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
