"""Settings of the sources, one class per source kind."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from coinspark.config.common import Section


class Columns(Section):
    """Which column of a manifest holds what; texts are given a side and a language. `null`: the manifest has none."""

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
    """What every source says: its name in `coins.source`, its folder, which photos a coin needs."""

    name: str = "coins"
    root: str
    licence: str | None = None
    medium: str = "original"
    photos: Literal["pair", "single", "none"] = "pair"


class ManifestSource(Source):
    """A CSV or Parquet table, a row a coin (and type); photo paths are relative to `root`."""

    kind: Literal["manifest"]
    path: str
    encoding: str = "utf-8"
    columns: Columns = Columns()


class PublishedSource(Source):
    """A folder of the published Corpus Nummorum data set; `index` is its table of names, mints and texts."""

    kind: Literal["published"]
    layout: Literal["coins", "types", "mints"] = "mints"
    index: str | None = None


class FoldersSource(Source):
    """A folder of class folders; the folder's name is the mint, each file one coin, one side."""

    kind: Literal["folders"]
    side: Literal["obverse", "reverse", "merged"] = "obverse"
    photos: Literal["pair", "single", "none"] = "single"


class SyntheticSource(Source):
    """The project's own drawn coins, written to `root` once and then read like any manifest."""

    kind: Literal["synthetic"]
    coins: int = Field(480, ge=1)
    mints: int = Field(6, ge=1, le=24)
    types_per_mint: int = Field(6, ge=1, le=40)
    skew: float = Field(1.0, ge=0)
    photo: int = Field(160, ge=32, le=2048)
    wear: float = Field(0.35, ge=0, le=1)
    seed: int = 1


AnySource = Annotated[
    ManifestSource | PublishedSource | FoldersSource | SyntheticSource, Field(discriminator="kind")
]
