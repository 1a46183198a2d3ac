"""Settings that all sources share. Each reader (`coinspark.ingest.readers`) adds those of its kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field, ModelWrapValidatorHandler, model_validator

from coinspark.config.common import PathText, Section
from coinspark.core.errors import ConfigError
from coinspark.core.registry import resolve

READERS = "coinspark.ingest.readers:READERS"


class Columns(Section):
    """Column names of a manifest. null: the manifest has no such column.

    `obverse`, `reverse` and `merged` hold photo paths. `obverse_text` and `reverse_text` map a language to a
    column.
    """

    coin_id: str = "coin_id"
    mint: str = "mint"
    type: str | None = None
    medium: str | None = None
    licence: str | None = None
    obverse: str | None = "obverse_image"
    reverse: str | None = "reverse_image"
    merged: str | None = None
    obverse_text: dict[str, str] = Field({})
    reverse_text: dict[str, str] = Field({})


class Source(Section):
    """Settings of every source.

    Attributes:
        kind: Name of a reader, or `package.module:READER` of one outside coinspark.
        name: Stored in `coins.source`.
        root: Folder or URI; all files of the source are below it.
        licence, medium: For records without their own.
        prefix: Put before each coin_id of the source. Set it if another source uses the same numbers.
        photos: A coin needs both sides (pair), at least one (single), or none (texts only).
    """

    kind: str
    name: str = "coins"
    root: PathText
    licence: str | None = None
    medium: str = "original"
    prefix: str = ""
    photos: Literal["pair", "single", "none"] = "pair"

    @classmethod
    def select(cls, values: Mapping[str, Any]) -> type[Section]:
        """The settings class of the reader that `kind` names. Raises ValueError if there is none."""
        if cls is not Source:
            return cls
        readers, kind = resolve(READERS), values.get("kind")
        if not isinstance(kind, str):
            raise ValueError(f"set `kind` to a source kind; known: {', '.join(sorted(readers))}")
        try:
            settings: type[Section] = readers[kind].settings
        except ConfigError as error:
            raise ValueError(str(error)) from None
        return settings

    def ignored_keys(self) -> Mapping[str, str]:
        """Key that has no effect beside the other keys of this source → reason; setting it is refused."""
        return {}

    @model_validator(mode="wrap")
    @classmethod
    def _validate_by_kind(cls, values: Any, handler: ModelWrapValidatorHandler[Source]) -> Any:
        if cls is Source and isinstance(values, Mapping):
            return cls.select(values).model_validate(values)
        return handler(values)
