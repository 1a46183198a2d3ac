"""`python -m coinspark.training.worker JOB.json PARENT`: one run in a process of its own, which ends when its parent does."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

from coinspark.core.errors import CoinsparkError
from coinspark.training import launch, worker_group


def main(file: str, parent: str) -> int:
    """Do the job alone; 0, or 1 with the message in the run's `error.txt` where it is a fault that a user can mend."""
    watch_parent(int(parent))
    try:
        launch.work(Path(file).read_text(encoding="utf-8"), worker_group.alone)
    except CoinsparkError:
        return 1
    return 0


def watch_parent(parent: int) -> None:
    """End this process within a second of its parent's end: a driver that was killed leaves no orphan behind."""

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
