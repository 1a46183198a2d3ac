"""Faults of a catalog's database and of an object store become one line, whatever the JVM wraps them in.

Texts as Spark, Iceberg, Hadoop and PostgreSQL's driver give them; tests/cluster causes these faults.
"""

from __future__ import annotations

import pytest
from py4j.protocol import Py4JError
from pyspark.errors.exceptions.base import PySparkException

from coinspark.core.errors import InputError
from coinspark.core.reported_errors import reported_error
from coinspark.core.service_errors import service_error

CATALOG = """An error occurred while calling o100.catalog.
: org.apache.iceberg.jdbc.UncheckedSQLException: Failed to connect: jdbc:postgresql://anna:{secret}@db:5432/coins?password={secret}
\tat org.apache.iceberg.jdbc.JdbcClientPool.newClient(JdbcClientPool.java:90)
Caused by: org.postgresql.util.PSQLException: {message}
\tat org.postgresql.core.v3.ConnectionFactoryImpl.doAuthentication(ConnectionFactoryImpl.java:711)
"""
DOWN_LATER = """An error occurred while calling o77.commit.
: org.apache.iceberg.jdbc.UncheckedSQLException: Unknown failure
Caused by: org.postgresql.util.PSQLException: This connection has been closed.
"""
NO_DRIVER = """An error occurred while calling o100.catalog.
: org.apache.iceberg.jdbc.UncheckedSQLException: Failed to connect: jdbc:postgresql://db/coins
Caused by: java.sql.SQLException: No suitable driver found for jdbc:postgresql://db/coins
"""
STORAGE = """An error occurred while calling o55.exists.
: {kind}: getFileStatus on s3a://coins/warehouse: com.amazonaws.services.s3.model.AmazonS3Exception: {message}
\tat org.apache.hadoop.fs.s3a.S3AUtils.translateException(S3AUtils.java:255)
"""
IN_A_TASK = """An error occurred while calling o55.append.
: org.apache.spark.SparkException: Job aborted due to stage failure: Task 0 in stage 3.0 failed 4 times
Caused by: org.apache.hadoop.fs.s3a.AWSClientIOException: Writing Object on warehouse/a: com.amazonaws.\
SdkClientException: Unable to execute HTTP request: Connect to storage:9000 failed: No route to host
"""


@pytest.mark.parametrize("kind", [Py4JError, PySparkException])
@pytest.mark.parametrize(
    ("message", "problem"),
    [
        ('FATAL: password authentication failed for user "anna"', "the catalog does not accept the login"),
        ('FATAL: role "anna" does not exist', "the catalog does not accept the login"),
        (
            "The server requested SCRAM-based authentication, but no password was provided.",
            "the catalog does not accept the login",
        ),
        ('FATAL: database "coins" does not exist', "there is no such database"),
        (
            'FATAL: no pg_hba.conf entry for host "10.0.0.9", user "anna", database "coins"',
            "the database does not admit this host",
        ),
        (
            "Connection to db:5432 refused. Check that the hostname and port are correct.",
            "the catalog does not answer",
        ),
        ("The connection attempt failed.", "the catalog does not answer"),
        ("FATAL: the database system is starting up", "the catalog does not answer"),
    ],
)
def test_fault_of_the_catalog_names_its_address_and_no_secret(
    kind: type[Exception], message: str, problem: str
) -> None:
    error = reported_error(kind(CATALOG.format(message=message, secret="hunter2")))
    assert isinstance(error, InputError)
    assert str(error).startswith(f"jdbc:postgresql://•••@db:5432/coins?•••: {problem}; ")
    assert "hunter2" not in str(error)
    assert "anna" not in str(error)


def test_catalog_that_ends_in_the_middle_is_one_line() -> None:
    error = service_error(Py4JError(DOWN_LATER))
    assert str(error) == (
        "catalog: the catalog does not answer; check that it runs and that this host reaches it, then run "
        "the same command again; finished work is kept"
    )


def test_locked_sqlite_file_is_one_line() -> None:
    """`warehouse/test_lease.py` locks such a file."""
    busy = "org.sqlite.SQLiteException: [SQLITE_BUSY] The database file is locked (database is locked)"
    error = service_error(Py4JError(f"An error occurred while calling o1.commit.\nCaused by: {busy}\n"))
    assert str(error).startswith("catalog: another program locks its file, and did not release it within a")


def test_missing_jar_of_the_database_names_the_command() -> None:
    error = service_error(Py4JError(NO_DRIVER))
    assert str(error).startswith(
        "jdbc:postgresql://db/coins: no jar has the driver of this database; run `deploy/setup.sh"
    )


@pytest.mark.parametrize(
    ("kind", "message", "problem"),
    [
        (
            "java.nio.file.AccessDeniedException: s3a://coins/warehouse",
            "FORBIDDEN (Service: Amazon S3; Status Code: 403; Error Code: 403 FORBIDDEN; Request ID: null)",
            "access denied: the keys are not accepted, or do not allow this",
        ),
        (
            "java.nio.file.AccessDeniedException: s3a://coins/warehouse",
            "The AWS Access Key AKIAHUNTER2 is unknown (Status Code: 403; Error Code: InvalidAccessKeyId)",
            "access denied: the keys are not accepted, or do not allow this",
        ),
        (
            "org.apache.hadoop.fs.s3a.UnknownStoreException: `s3a://coins/warehouse'",
            "The specified bucket does not exist (Status Code: 404; Error Code: NoSuchBucket)",
            "there is no such bucket",
        ),
        (
            "org.apache.hadoop.fs.s3a.AWSStatus500Exception",
            "Internal Server Error (Service: Amazon S3; Status Code: 500)",
            "the storage does not answer",
        ),
    ],
)
def test_fault_of_the_storage_names_the_warehouse_and_no_key(kind: str, message: str, problem: str) -> None:
    error = reported_error(Py4JError(STORAGE.format(kind=kind, message=message)))
    assert isinstance(error, InputError)
    assert str(error).startswith(f"s3a://coins/warehouse: {problem}; ")
    assert "HUNTER2" not in str(error)


def test_storage_that_ends_in_the_middle_of_a_task_is_one_line() -> None:
    assert str(reported_error(Py4JError(IN_A_TASK))).startswith(
        "warehouse: the storage does not answer; check that"
    )


@pytest.mark.parametrize(
    "error",
    [
        ValueError("password authentication failed"),  # of our own code
        Py4JError("coinspark.core.errors.InputError: s3a://coins/photos: Status Code: 403"),  # says more
        Py4JError("java.lang.NullPointerException"),
    ],
)
def test_other_errors_are_not_taken_for_faults_of_a_service(error: Exception) -> None:
    assert service_error(error) is None
