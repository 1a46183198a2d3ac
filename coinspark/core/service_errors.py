"""Errors of a catalog's database and of an object store, as the JVM reports them, as one line.

A message names the address and the keys of the configuration, never a user, password or access key.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from coinspark.core.errors import CoinsparkError, InputError
from coinspark.core.uris import masked_uri

_AGAIN = "then run the same command again; finished work is kept"
_JVM = ("pyspark.", "py4j.")
_OUR_ERRORS = "coinspark.core.errors."  # of a Spark task; their messages say more
_JDBC = re.compile(r"jdbc:\w+:[^\s'\"]+")
_ADDRESS = re.compile(r"(?<=Connection to )\S+(?= refused)|(?<=UnknownHostException: )[\w.-]+")
_OBJECT = re.compile(r"\b(?:s3a?|hdfs|gs|abfss?|wasbs?)://[^\s'\":,;()\[\]]+")


class _Fault(NamedTuple):
    """A pattern in the text of an error, what is wrong then, and what to do."""

    pattern: re.Pattern[str]
    problem: str
    advice: str


def _faults(*rows: tuple[str, str, str]) -> tuple[_Fault, ...]:
    return tuple(_Fault(re.compile(pattern), problem, advice) for pattern, problem, advice in rows)


_OF_THE_CATALOG = _faults(
    (
        r"SQLITE_BUSY|database is locked",
        "another program locks its file, and did not release it within a minute",
        f"end that program, {_AGAIN}",
    ),
    (
        r"password authentication failed|no password was provided|role \"[^\"]*\" does not exist"
        r"|Access denied for user|exceptions\.(NotAuthorized|Forbidden)Exception",
        "the catalog does not accept the login",
        "check jdbc.user and jdbc.password (a REST catalog: token or credential) under catalog.properties",
    ),
    (
        r"database \"[^\"]*\" does not exist|Unknown database",
        "there is no such database",
        "create it, or correct uri under catalog.properties",
    ),
    (r"no pg_hba\.conf entry", "the database does not admit this host", "add the host to its pg_hba.conf"),
    (
        r"No suitable driver found for jdbc:",
        "no jar has the driver of this database",
        "run `deploy/setup.sh cluster` on every machine, or add the jar to pyspark/jars",
    ),
    (
        r"PSQLException: (Connection to \S+ refused|The connection attempt failed|This connection has been"
        r"|An I/O error|FATAL: (terminating|the database system)|FATAL: sorry)"
        r"|CommunicationsException|SQLTransientConnectionException|UncheckedSQLException: Failed to connect"
        r"|iceberg\.exceptions\.(RESTException|ServiceFailureException|ServiceUnavailableException)",
        "the catalog does not answer",
        f"check that it runs and that this host reaches it, {_AGAIN}",
    ),
)
_OF_THE_STORAGE = _faults(
    (
        r"S3AFileSystem not found",
        "no jar has the file system s3a",
        "run `deploy/setup.sh cluster` on every machine, or add hadoop-aws to pyspark/jars",
    ),
    (
        r"UnknownStoreException|NoSuchBucket|bucket does not exist",
        "there is no such bucket",
        "create it, or correct `warehouse`",
    ),
    (
        r"InvalidAccessKeyId|SignatureDoesNotMatch|InvalidToken|ExpiredToken|NoAuthWithAWSException"
        r"|No AWS Credentials|Status Code: 403|AWS Error ACCESS_DENIED",
        "access denied: the keys are not accepted, or do not allow this",
        "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or spark.hadoop.fs.s3a.access.key and "
        ".secret.key under spark.conf, and what they allow",
    ),
    (
        r"AWSClientIOException|Unable to execute HTTP request|AWSServiceIOException|AWSStatus500Exception"
        r"|Status Code: 50\d|Call From \S+ to \S+ failed on connection exception",
        "the storage does not answer",
        f"check that it runs and that all hosts reach it (spark.hadoop.fs.s3a.endpoint), {_AGAIN}",
    ),
)


def service_error(error: BaseException) -> CoinsparkError | None:
    """The one-line error for a catalog or a storage that fails or refuses; None if it is not that.

    Args:
        error: An exception of PySpark or Py4J, whose text contains those of Java.
    """
    text = str(error)
    if not type(error).__module__.startswith(_JVM) or _OUR_ERRORS in text:
        return None
    for faults, address in ((_OF_THE_CATALOG, _catalog), (_OF_THE_STORAGE, _storage)):
        for fault in faults:
            if fault.pattern.search(text):
                return InputError(f"{address(text)}: {fault.problem}; {fault.advice}")
    return None


def _catalog(text: str) -> str:
    """The address of the catalog, without the login and the options that it may contain."""
    if match := _JDBC.search(text):
        return masked_uri(match[0])
    match = _ADDRESS.search(text)
    return f"catalog at {match[0]}" if match else "catalog"


def _storage(text: str) -> str:
    """The warehouse or file that could not be opened."""
    match = _OBJECT.search(text)
    return f"{masked_uri(match[0]):.300}" if match else "warehouse"
