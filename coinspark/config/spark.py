"""Settings of the Spark session and of the Iceberg catalog."""

from __future__ import annotations

from pydantic import Field

from coinspark.config.common import Section


class Spark(Section):
    """How the session is made; `conf` takes any further Spark setting and wins over ours.

    `sparknlp_jars`: the folder of Spark NLP's jars; null: where `make setup` left them.
    """

    master: str | None = None
    driver_memory: str = "3g"
    shuffle_partitions: int = Field(4, ge=1)
    sparknlp_jars: str | None = None
    conf: dict[str, str] = Field({})


class Catalog(Section):
    """The Iceberg catalog. Without `properties` it is the JDBC catalog on a SQLite file in the warehouse."""

    name: str = Field("coinspark", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    namespace: str = Field("coins", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    properties: dict[str, str] = Field({})
