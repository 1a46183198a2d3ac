"""Spark's Thrift server on the tables, for JDBC clients; statements that do more than read are refused.

The server runs in the session of this process. Spark gives each connection a session of its own. Their parser
is wrapped by one that lets `read_only.check_reads` check every statement: no client can write, run a program
or change a setting, whatever settings its connection names.
"""

from __future__ import annotations

import os
import socket
from typing import Any

from pyspark.java_gateway import ensure_callback_server_started
from pyspark.sql import SparkSession

from coinspark.config import Config
from coinspark.core.errors import ConfigError, InputError
from coinspark.core.progress import say
from coinspark.warehouse import sql
from coinspark.warehouse.read_only import check_reads
from coinspark.warehouse.sql import JAVA_CALLS

_DELEGATED = (
    "parseExpression",
    "parseTableIdentifier",
    "parseFunctionIdentifier",
    "parseMultipartIdentifier",
    "parseTableSchema",
    "parseDataType",
    "parseQuery",
)


class ReadOnlyParser:
    """Spark's parser interface: the given parser; a statement that does more than read becomes an error."""

    def __init__(self, parser: Any) -> None:
        self.parser = parser
        for name in _DELEGATED:
            setattr(self, name, getattr(parser, name))

    def parsePlan(self, text: str) -> Any:
        """The plan of a statement; that of an error if the statement does more than read."""
        if "${" in text:  # ${env:NAME}, ${spark.key}: a connection can switch these variables on
            return self._error("sql: variables are not allowed in statements")
        plan = self.parser.parsePlan(text)
        try:
            check_reads(plan)
        except InputError as error:
            return self._error(str(error))
        return plan

    def _error(self, message: str) -> Any:
        text = message.replace("\\", "\\\\").replace("'", "\\'")
        # FROM VALUES: Spark's optimizer raises it, without a job and its stack trace
        return self.parser.parsePlan(f"SELECT raise_error('{text}') FROM VALUES (1)")

    class Java:
        """The interface of Java that this class implements."""

        implements = ("org.apache.spark.sql.catalyst.parser.ParserInterface",)


class ReadOnlyParserBuilder:
    """The function that Spark calls to wrap the parser of each session."""

    def apply(self, session: Any, parser: Any) -> ReadOnlyParser:
        """The wrapped parser."""
        return ReadOnlyParser(parser)

    class Java:
        """The interface of Java that this class implements."""

        implements = ("scala.Function2",)


def start(config: Config, host: str, port: int) -> SparkSession:
    """Start the server and return its session. It ends with this process.

    Raises:
        ConfigError: Another program listens on the port, or the address is not one of this machine.
        InputError: The warehouse has no tables.
    """
    check_port(host, port)
    settings = {
        "spark.hadoop.hive.server2.thrift.bind.host": host,
        "spark.hadoop.hive.server2.thrift.port": str(port),
        "spark.sql.runSQLOnFiles": "false",
    }
    section = config.spark.model_copy(update={"conf": {**config.spark.conf, **settings}})
    spark, _ = sql.open_build(config.model_copy(update={"spark": section}), None)
    session = _read_only_session(spark)
    jvm: Any = spark._jvm
    jvm.org.apache.spark.sql.hive.thriftserver.HiveThriftServer2.startWithContext(session.sqlContext())
    say(f"thrift: listening on {host}:{port}; jdbc:hive2://{host}:{port}/{config.catalog.namespace}")
    return spark


def check_port(host: str, port: int) -> None:
    """Raise ConfigError where no server can listen at this address."""
    try:
        with socket.create_server((host, port)):
            return
    except OSError as error:
        raise ConfigError(
            f"thrift: {host}:{port}: {os.strerror(error.errno or 0)}; stop the program that listens there, "
            "or choose another address by --host or --port"
        ) from None


def _read_only_session(spark: Any) -> Any:
    """A new session (of the JVM) whose own sessions can only read."""
    gateway, catalyst = spark._sc._gateway, spark._jvm.org.apache.spark.sql.catalyst
    for name in JAVA_CALLS:
        catalyst.analysis.FunctionRegistry.builtin().dropFunction(catalyst.FunctionIdentifier(name))
    ensure_callback_server_started(gateway)  # type: ignore[no-untyped-call]
    session = spark._jsparkSession
    session.extensions().injectParser(ReadOnlyParserBuilder())
    return session.newSession()
