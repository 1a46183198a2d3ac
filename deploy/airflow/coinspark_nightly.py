"""Airflow DAG of the nightly build: one task for each stage, then one that publishes. See README.md."""

from __future__ import annotations

import os
from datetime import timedelta

import pendulum
from airflow.providers.standard.operators.bash import BashOperator
from airflow.sdk import DAG, chain

REPOSITORY = os.environ.get("COINSPARK_REPOSITORY", "/srv/coinspark")
CONFIG = os.environ.get("COINSPARK_CONFIG", "/etc/coinspark/mine.yaml")
# Those of your configuration, in this order: without a cluster layer, no deepcluster, features and clusters.
STAGES = os.environ.get(
    "COINSPARK_STAGES", "ingest entities deepcluster features clusters classes splits train evaluate"
).split()

with DAG(
    dag_id="coinspark_nightly",
    schedule="30 3 * * *",
    start_date=pendulum.datetime(2026, 1, 1, tz="Europe/Berlin"),
    catchup=False,
    max_active_runs=1,
    # A stage has the lease of the warehouse, so tasks run one after the other.
    max_active_tasks=1,
    dagrun_timeout=timedelta(hours=20),
    default_args={"retries": 1, "retry_delay": timedelta(minutes=5)},
    tags=["coinspark"],
) as dag:
    chain(
        *(
            BashOperator(
                task_id=command,
                bash_command=(
                    f"exec '{REPOSITORY}/.venv/bin/python' -m coinspark.cli {command} --config '{CONFIG}'"
                ),
                cwd=REPOSITORY,
                env={"LC_ALL": "C.UTF-8"},
                append_env=True,
            )
            for command in (*STAGES, "publish")
        )
    )
