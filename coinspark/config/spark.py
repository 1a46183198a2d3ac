"""Settings of the Spark session and of the Iceberg catalog."""

from __future__ import annotations

from pydantic import Field

from coinspark.config.common import PathText, Section


class Spark(Section):
    """Settings of the session.

    Attributes:
        sparknlp_jars: Folder of Spark NLP's jars; null: the folder that `make setup` created.
        conf: Further Spark settings; they override those of coinspark.
    """

    master: str | None = None
    driver_memory: str = "3g"
    shuffle_partitions: int = Field(4, ge=1)
    sparknlp_jars: PathText | None = None
    conf: dict[str, str] = Field({})


class Catalog(Section):
    """The Iceberg catalog; without `properties`, the JDBC catalog on a SQLite file in the warehouse.

    Attributes:
        lease_seconds: A build that has not renewed its lease for this time may be replaced by another one.
        lease_wait: Seconds that a build waits for another one to end before it is refused.
    """

    name: str = Field("coinspark", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    namespace: str = Field("coins", pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")
    properties: dict[str, str] = Field({})
    lease_seconds: int = Field(600, ge=10, le=86_400)
    lease_wait: int = Field(0, ge=0)
