"""What every file in jobs/ does under spark-submit: read the configuration, run one stage, publish it."""

from __future__ import annotations

import argparse

from coinspark.config import load
from coinspark.core import exits


def main(name: str, arguments: list[str] | None = None) -> None:
    """Run the stage of this name (or `nightly`, the chain); faults that the user can mend end with exit code 1."""
    from coinspark import nightly

    parser = argparse.ArgumentParser(prog=f"jobs/{name}.py")
    parser.add_argument(
        "--config", "-c", action="append", default=[], help="a YAML file; several are merged in order"
    )
    parser.add_argument("--set", action="append", default=[], help="one key: --set training.epochs=3")
    parser.add_argument("--force", action="store_true", help="run even if nothing has changed")
    given = parser.parse_args(arguments)
    with exits.exit_codes():
        config = load(given.config, given.set)
        if name == "nightly":
            print(f"Report: {nightly.run_build(config, given.force).report}")
        else:
            nightly.run_stages(config, (name,), given.force)
