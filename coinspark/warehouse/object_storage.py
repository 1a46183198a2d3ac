"""The file systems of pyarrow behind URIs (`s3a://`, `hdfs://`), and the access to them.

Endpoint and credentials are those that the user gives Spark (`spark.hadoop.fs.s3a.…`, `core-site.xml`), or
else those of the AWS environment variables, the AWS configuration files or the instance profile.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any

from pyarrow import fs

from coinspark.config import Config
from coinspark.core.errors import ConfigError

S3_SCHEMES = ("s3a", "s3", "s3n")
ENVIRONMENT = "COINSPARK_STORAGE_ACCESS"
"""Environment variable by which the worker of a local training gets its access."""

_HADOOP = "spark.hadoop."
_KEYS = {
    "endpoint": "endpoint",
    "region": "endpoint.region",
    "tls": "connection.ssl.enabled",
    "access_key": "access.key",
    "secret_key": "secret.key",
    "session_token": "session.token",
}
"""Field of `Access` → name of Hadoop's setting below `fs.s3a`."""
_AWS_ENDPOINT = re.compile(r"s3[.-](?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?")


@dataclass(frozen=True)
class Access:
    """Endpoint and credentials of an object store; None: as the AWS environment says.

    It is sent to workers within a function or an environment variable, and never written to a file.
    """

    endpoint: str | None = None
    region: str | None = None
    tls: str | None = None
    access_key: str | None = field(default=None, repr=False)
    secret_key: str | None = field(default=None, repr=False)
    session_token: str | None = field(default=None, repr=False)

    def to_json(self) -> str:
        """As JSON, for the environment of another process."""
        return json.dumps(asdict(self))

    @staticmethod
    def from_json(text: str | None) -> Access:
        """Inverse of `to_json`; without text the access of the AWS environment."""
        return Access(**json.loads(text)) if text else Access()


NO_ACCESS = Access()
"""As the AWS environment says."""


def storage_access(config: Config) -> Access:
    """The access to the warehouse: settings of the configuration before those of the running session.

    As in Hadoop, `fs.s3a.bucket.NAME.…` precedes `fs.s3a.…`. Under spark-submit settings may also come from
    its options or from `core-site.xml`; they are known once the session runs.
    """
    own = {
        key.removeprefix(_HADOOP): value
        for key, value in config.spark.conf.items()
        if key.startswith(_HADOOP)
    }
    return _access(own, _session_setting, _split(config.warehouse)[1])


def _access(own: Mapping[str, str], session: Callable[[str], str | None], bucket: str) -> Access:
    def value(name: str) -> str | None:
        keys = (f"fs.s3a.bucket.{bucket}.{name}", f"fs.s3a.{name}")
        values = (read(key) for read in (own.get, session) for key in keys)
        return next((text.strip() for text in values if text and text.strip()), None)

    return Access(**{name: value(key) for name, key in _KEYS.items()})


def _session_setting(key: str) -> str | None:
    """Hadoop's setting in the running Spark session; None if there is no session or no such setting."""
    pyspark = sys.modules.get("pyspark")  # a worker of a training runs without Spark
    context: Any = pyspark.SparkContext._active_spark_context if pyspark is not None else None
    return None if context is None else context._jsc.hadoopConfiguration().get(key)


def file_system(uri: str, access: Access) -> tuple[fs.FileSystem, str]:
    """The file system of a URI, and the path within it.

    The path is not percent-decoded, as in Hadoop: `s3a://coins/Münzen 1/a%20b` → `coins/Münzen 1/a%20b`.

    Raises:
        ConfigError: The scheme is not supported, or the library of HDFS is missing.
    """
    scheme, authority, path = _split(uri)
    if scheme in S3_SCHEMES:
        return _s3(authority, access), f"{authority}/{path}".rstrip("/")
    if scheme == "hdfs":
        return _hdfs(authority), f"/{path}".rstrip("/") or "/"
    raise ConfigError(
        f"{uri}: {scheme}:// is not supported; choose a local folder, file://, s3a:// or hdfs://"
    )


def _split(uri: str) -> tuple[str, str, str]:
    """Scheme, authority and path of a URI."""
    scheme, _, rest = uri.partition("://")
    authority, _, path = rest.partition("/")
    return scheme, authority, path


@lru_cache(maxsize=16)
def _s3(bucket: str, access: Access) -> fs.FileSystem:
    """An S3 file system. With an endpoint pyarrow uses paths of the form `endpoint/bucket/key`."""
    endpoint = access.endpoint or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
    scheme, _, host = endpoint.rpartition("://") if endpoint else ("", "", None)
    region = access.region or os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if region is None and host is not None:
        aws = _AWS_ENDPOINT.fullmatch(host)
        region = aws["region"] if aws else "us-east-1"
    return fs.S3FileSystem(
        access_key=access.access_key,
        secret_key=access.secret_key,
        session_token=access.session_token,
        region=region or fs.resolve_s3_region(bucket),
        scheme=scheme or ("http" if (access.tls or "true").lower() == "false" else "https"),
        endpoint_override=host.rstrip("/") if host else None,
        connect_timeout=10,
        request_timeout=60,
        retry_strategy=fs.AwsStandardS3RetryStrategy(max_attempts=5),
    )


@lru_cache(maxsize=4)
def _hdfs(authority: str) -> fs.FileSystem:
    host, _, port = authority.partition(":")
    try:
        return fs.HadoopFileSystem(host or "default", int(port or 0))
    except OSError as error:
        raise ConfigError(
            f"hdfs://{authority}: cannot be opened ({' '.join(str(error).split())[:200]}); pyarrow needs "
            "libhdfs: set HADOOP_HOME, JAVA_HOME and CLASSPATH=$(hadoop classpath --glob) on all machines"
        ) from None
