"""Main program of the files in jobs/, for spark-submit: run a stage or the nightly build, or publish."""

from __future__ import annotations

import argparse
from pathlib import Path

from coinspark.cli.options import configuration
from coinspark.core import atomic_files, exits


def main(name: str, arguments: list[str] | None = None) -> None:
    """Run the stage of this name, `nightly` or `publish`. Exit codes are those of the command line."""
    from coinspark import nightly

    parser = argparse.ArgumentParser(prog=f"jobs/{name}.py", allow_abbrev=False)
    parser.add_argument(
        "--config",
        "-c",
        action="append",
        default=[],
        type=Path,
        help="YAML file; repeat it to merge several in order",
    )
    parser.add_argument(
        "--set", action="append", default=[], help="override one key: --set training.epochs=3"
    )
    if name != "publish":
        parser.add_argument("--force", action="store_true", help="compute everything again")
    parser.add_argument(
        "--verify-files",
        action="store_true",
        help="hash stored files, such as weights, even if size and times are unchanged",
    )
    if name in ("ingest", "nightly"):
        parser.add_argument(
            "--accept-loss",
            action="store_true",
            help="publish even if many rows are rejected or coins are lost",
        )
    parser.set_defaults(accept_loss=False)
    options = parser.parse_args(arguments)
    atomic_files.exclude_other_users()
    with exits.exit_codes():
        config = configuration(options.config, options.set, options.accept_loss)
        if name == "nightly":
            print(f"Report: {nightly.run_build(config, options.force, options.verify_files).report}")
        elif name == "publish":
            print(f"Report: {nightly.publish_build(config, options.verify_files).report}")
        else:
            nightly.run_stages(config, (name,), options.force, options.verify_files)
