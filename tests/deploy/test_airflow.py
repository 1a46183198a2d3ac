"""deploy/airflow: the DAG has all stages in order; in an environment of its own, Airflow imports it."""

from __future__ import annotations

import ast
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from coinspark.nightly import STAGES
from tests import builds

DAG = builds.ROOT / "deploy" / "airflow" / "coinspark_nightly.py"
PYTHON = (
    Path(os.environ.get("COINSPARK_TOOLS", builds.ROOT / "build" / "tools")) / "airflow" / "bin" / "python"
)
_PROGRAM = """
import json, sys
from airflow.dag_processing.dagbag import DagBag

bag = DagBag(dag_folder=sys.argv[1])
dag = bag.dags.get("coinspark_nightly")
print(json.dumps({
    "errors": {file: str(error) for file, error in bag.import_errors.items()},
    "limits": [dag.max_active_runs, dag.max_active_tasks, dag.catchup],
    "tasks": {task.task_id: [sorted(task.downstream_task_ids), task.bash_command] for task in dag.tasks},
} if dag else {"errors": {file: str(error) for file, error in bag.import_errors.items()}}))
"""


def imported(folder: Path, **variables: str) -> dict[str, Any]:
    """What Airflow reads from the DAG's folder."""
    done = subprocess.run(
        [PYTHON, "-c", _PROGRAM, DAG.parent],
        env={
            "PATH": "/usr/bin:/bin",
            "HOME": str(folder),
            "AIRFLOW_HOME": str(folder),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
            **variables,
        },
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def test_dag_lists_the_stages_in_the_order_of_a_build() -> None:
    texts = [
        node.value
        for node in ast.walk(ast.parse(DAG.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    assert " ".join(stage.name for stage in STAGES) in texts


@pytest.mark.slow
@pytest.mark.skipif(not PYTHON.exists(), reason=f"{PYTHON} is missing; run deploy/test-tools.sh")
def test_airflow_runs_one_stage_after_the_other_and_then_publishes(tmp_path: Path) -> None:
    names = ["ingest", "classes", "train"]
    dag = imported(tmp_path, COINSPARK_STAGES=" ".join(names), COINSPARK_CONFIG="/data/my coins.yaml")
    assert dag["errors"] == {}
    assert dag["limits"] == [1, 1, False]
    downstream = {name: tasks for name, (tasks, _) in dag["tasks"].items()}
    assert downstream == {"ingest": ["classes"], "classes": ["train"], "train": ["publish"], "publish": []}
    commands = {name: command for name, (_, command) in dag["tasks"].items()}
    start = "exec '/srv/coinspark/.venv/bin/python' -m coinspark.cli"
    assert commands["train"] == f"{start} train --config '/data/my coins.yaml'"
    assert commands["publish"] == f"{start} publish --config '/data/my coins.yaml'"
