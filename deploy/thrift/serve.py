"""Spark's Thrift server on the tables of a configuration, until it is stopped; server.sh runs it.

    .venv/bin/python deploy/thrift/serve.py --config mine.yaml [--host 127.0.0.1] [--port 10000]
"""

from __future__ import annotations

import os
import signal
import sys
from typing import Annotated

import typer

from coinspark.cli.options import Files, Overrides, configuration
from coinspark.core import atomic_files, exits
from coinspark.core.progress import say
from coinspark.warehouse import thrift_server


def serve(
    config: Files = None,
    set_: Overrides = None,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=1, max=65535)] = 10000,
) -> None:
    """Serve the tables to JDBC clients, for reading only, until SIGTERM or Ctrl-C."""
    thrift_server.start(configuration(config, set_), host, port)
    try:
        signal.pause()
    except KeyboardInterrupt:
        say("thrift: stopped")
        os._exit(0)  # the process of Java ends with this one


if __name__ == "__main__":
    atomic_files.exclude_other_users()
    with exits.exit_codes():
        app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
        app.command()(serve)
        sys.exit(app(standalone_mode=False))
