"""deploy/kubernetes: valid resources that fit together, and the exit code of the submission."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from coinspark.config import Spark, load
from coinspark.nightly import scheduled
from tests import builds
from tests.deploy import kubernetes_files as files

TOOLS = Path(os.environ.get("COINSPARK_TOOLS", builds.ROOT / "build" / "tools"))
PYTHON = TOOLS / "kubernetes" / "bin" / "python"
VERSIONS = ("1.29", "1.33", "1.37")
needs_schemas = pytest.mark.skipif(
    not PYTHON.exists(),
    reason=f"{PYTHON} is missing: deploy/test-tools.sh installs the schemas of Kubernetes",
)
LOG = """\
03:30:05 INFO LoggingPodStatusWatcherImpl: State changed, new state:
     pod name: coinspark-123-driver
     phase: Running
03:31:05 INFO LoggingPodStatusWatcherImpl: Application status for spark-1 (phase: Running)
05:00:00 INFO LoggingPodStatusWatcherImpl: Application status for spark-1 (phase: {phase})
05:00:00 INFO LoggingPodStatusWatcherImpl: Container final statuses:
     container name: spark-kubernetes-driver
     container state: terminated
{state}"""
"""What spark-submit 3.5 logs in cluster mode."""


def validate(resources: list[dict[str, Any]], folder: Path, version: str) -> str:
    """The faults of the resources: lines of kubernetes-validate."""
    file = folder / "resources.json"
    file.write_text("\n---\n".join(json.dumps(resource) for resource in resources))
    command = [PYTHON, "-m", "kubernetes_validate", "--strict", "--quiet", "-k", version, file]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 or done.stdout, done.stderr
    return done.stdout


def named(resource: dict[str, Any]) -> dict[str, Any]:
    """A pod template has no name; Spark gives it one."""
    return {**resource, "metadata": resource.get("metadata", {"name": "template"})}


def submit(folder: Path, log: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run submit.sh with a spark-submit that writes its arguments to a file and prints this log."""
    (folder / "log").write_text(log)
    program = folder / "spark-submit"
    program.write_text(
        f'#!/bin/sh\nprintf "%s\\n" "$SPARK_CONF_DIR" "$@" > {folder}/arguments\n'
        f"cat {folder}/log >&2\nexit {code}\n"
    )
    program.chmod(0o755)
    return subprocess.run(
        [files.FOLDER / "submit.sh", "--config", "/etc/coinspark/mine.yaml"],
        env={"PATH": f"{folder}:/usr/bin:/bin", "COINSPARK_IMAGE": "coins:1", "NAMESPACE": "coins"},
        capture_output=True,
        text=True,
        timeout=60,
    )


@needs_schemas
@pytest.mark.parametrize("version", VERSIONS)
def test_resources_fit_the_schemas_of_kubernetes(tmp_path: Path, version: str) -> None:
    resources = [named(resource) for resource in files.all_resources()]
    resources += [files.operator_pod(role) for role in ("driver", "executor")]
    output = validate(resources, tmp_path, version)
    (line,) = output.splitlines()  # the operator's resource, whose fields are checked below
    assert "Couldn't find schema for kind ScheduledSparkApplication" in line


@needs_schemas
def test_misspelt_field_does_not_fit_the_schemas(tmp_path: Path) -> None:
    (job,) = files.resources(files.FOLDER / "cronjob.yaml")
    job["spec"]["concurencyPolicy"] = job["spec"].pop("concurrencyPolicy")
    assert "'concurencyPolicy' was unexpected" in validate([job], tmp_path, VERSIONS[0])


def test_fields_of_the_operator_exist() -> None:
    (resource,) = files.resources(files.FOLDER / "scheduled-spark-application.yaml")
    template = files.application()
    assert resource["apiVersion"] == "sparkoperator.k8s.io/v1beta2"
    assert set(resource["spec"]) <= files.SCHEDULE_FIELDS
    assert set(template) <= files.APPLICATION_FIELDS
    assert set(template["driver"]) <= files.DRIVER_FIELDS
    assert set(template["executor"]) <= files.EXECUTOR_FIELDS
    assert set(template["restartPolicy"]) <= files.RESTART_FIELDS
    assert (template["type"], template["mode"], template["pythonVersion"]) == ("Python", "cluster", "3")
    assert all(isinstance(value, str) for value in template["sparkConf"].values())


def test_named_resources_exist() -> None:
    resources = files.all_resources()
    existing = {(resource["kind"], resource.get("metadata", {}).get("name")) for resource in resources}
    existing.add(("Secret", "coinspark"))  # README.md: kubectl create secret
    named_ones = {reference for resource in resources for reference in files.references(resource)}
    assert named_ones <= existing
    assert ("Secret", "coinspark") in named_ones
    conf = files.spark_conf()
    for role in ("driver", "executor"):
        account = conf[f"spark.kubernetes.authenticate.{role}.serviceAccountName"]
        assert ("ServiceAccount", account) in existing
        assert conf[f"spark.kubernetes.{role}.podTemplateFile"] == f"/etc/coinspark/{role}.yaml"


def test_no_build_starts_beside_another_one() -> None:
    for name in ("cronjob.yaml", "scheduled-spark-application.yaml"):
        (resource,) = files.resources(files.FOLDER / name)
        assert resource["spec"]["concurrencyPolicy"] == "Forbid"
        assert resource["spec"]["schedule"] == "30 3 * * *"


def test_pods_are_confined() -> None:
    specs = files.pod_specs()
    assert len(specs) == 6
    for spec in specs:
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in spec["containers"]:
            context = container["securityContext"]
            assert context["allowPrivilegeEscalation"] is False
            assert context["readOnlyRootFilesystem"] is True
            assert context["capabilities"] == {"drop": ["ALL"]}
            assert "/tmp" in {mount["mountPath"] for mount in container["volumeMounts"]}
            mounted = {mount["name"] for mount in container["volumeMounts"]}
            assert mounted <= {volume["name"] for volume in spec["volumes"]}


def test_only_drivers_and_the_alarm_have_the_secret() -> None:
    """Both open the catalog."""
    for spec in files.pod_specs():
        (container,) = spec["containers"]
        opens_catalog = "driver" in container["name"] or container["name"] == "status"
        assert ("envFrom" in container) == opens_catalog


def test_alarm_only_reads_and_fails_at_once() -> None:
    (job,) = files.resources(files.FOLDER / "status.yaml")
    spec = job["spec"]["jobTemplate"]["spec"]
    assert spec["backoffLimit"] == 0
    (container,) = spec["template"]["spec"]["containers"]
    assert container["args"][:4] == ["coinspark", "status", "--max-age", "26h"]
    assert all(mount.get("readOnly") for mount in container["volumeMounts"] if mount["name"] != "tmp")
    (build,) = files.resources(files.FOLDER / "cronjob.yaml")
    (submit,) = build["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert container["image"] == submit["image"]
    assert container["args"][4:] == submit["args"]


def test_configuration_is_one_of_coinspark(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COINSPARK_CATALOG_PASSWORD", "hunter2")
    (tmp_path / "mine.yaml").write_text(files.configuration()["mine.yaml"])
    config = load([builds.ROOT / "conf" / "cluster.yaml", tmp_path / "mine.yaml"])
    assert config.catalog.properties["jdbc.password"] == "hunter2"
    assert "train" in scheduled(config)
    volumes = {mount["mountPath"] for spec in files.pod_specs()[1:] for mount in mounts(spec)}
    assert config.sources[0].root.startswith("/var/lib/coinspark/")
    assert "/var/lib/coinspark" in volumes
    # spark-submit starts the driver; settings of the configuration would come too late
    assert config.spark.driver_memory == Spark.model_fields["driver_memory"].default
    assert not set(config.spark.conf) & {"spark.driver.extraJavaOptions", "spark.driver.extraClassPath"}
    cores = int(files.spark_conf()["spark.executor.cores"])
    assert config.spark.conf["spark.executor.cores"] == str(cores)
    assert config.training.workers <= cores * int(files.spark_conf()["spark.executor.instances"])


def mounts(spec: dict[str, Any]) -> list[dict[str, str]]:
    return [mount for container in spec["containers"] for mount in container["volumeMounts"]]


def test_submission_runs_in_cluster_mode_and_waits(tmp_path: Path) -> None:
    done = submit(tmp_path, LOG.format(phase="Succeeded", state="     exit code: 0\n"))
    assert done.returncode == 0, done.stderr
    conf_dir, *arguments = (tmp_path / "arguments").read_text().splitlines()
    assert "logger.submit.level = info" in Path(conf_dir, "log4j2.properties").read_text()
    assert arguments[:4] == [
        "--master",
        "k8s://https://kubernetes.default.svc:443",
        "--deploy-mode",
        "cluster",
    ]
    assert "spark.kubernetes.submission.waitAppCompletion=true" in arguments
    assert {"spark.kubernetes.namespace=coins", "spark.kubernetes.container.image=coins:1"} <= set(arguments)
    assert arguments[-3:] == [
        "local:///opt/coinspark/jobs/nightly.py",
        "--config",
        "/etc/coinspark/mine.yaml",
    ]


@pytest.mark.parametrize(
    ("phase", "state", "expected"),
    [
        ("Failed", "     exit code: 1\n", 1),  # an error that a person must fix
        ("Failed", "     exit code: 2\n", 2),
        ("Failed", "     exit code: 137\n", 75),  # killed for its memory
        ("Failed", "", 75),  # evicted: no state of the container
        ("Running", "", 75),  # the watch ended
    ],
)
def test_failed_driver_fails_the_submission(tmp_path: Path, phase: str, state: str, expected: int) -> None:
    done = submit(tmp_path, LOG.format(phase=phase, state=state))  # spark-submit exits with 0
    assert done.returncode == expected
    assert f"the driver ended in phase {phase}" in done.stderr


class ApiServer(ThreadingHTTPServer):
    """A stand-in for the API server: it keeps what is created, and reports that the driver has failed."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Answers)
        self.created: dict[str, dict[str, Any]] = {}


class _Answers(BaseHTTPRequestHandler):
    server: ApiServer

    def do_POST(self) -> None:
        resource = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.created[resource["kind"]] = resource
        self._answer({**resource, "metadata": {**resource["metadata"], "uid": "1", "resourceVersion": "1"}})

    do_PATCH = do_POST

    def do_GET(self) -> None:
        pod = self.server.created["Pod"]
        terminated = {"exitCode": 1, "reason": "Error", "containerID": "1"}
        (container,) = pod["spec"]["containers"]
        state = {"name": container["name"], "image": "i", "state": {"terminated": terminated}}
        failed = {**pod, "status": {"phase": "Failed", "containerStatuses": [state], "startTime": "t"}}
        failed["metadata"] = {**pod["metadata"], "uid": "1", "resourceVersion": "2"}
        self._answer({"type": "MODIFIED", "object": failed} if "watch=true" in self.path else failed)

    def _answer(self, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode() + b"\n"
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *values: Any) -> None:
        """Print nothing."""


@pytest.fixture
def api_server() -> Iterator[ApiServer]:
    server = ApiServer()
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.slow
def test_spark_creates_a_confined_driver_and_reports_its_failure(
    tmp_path: Path, api_server: ApiServer
) -> None:
    """With the real spark-submit, its options and the templates of the ConfigMap."""
    for name, text in files.configuration().items():
        local = text.replace("/etc/coinspark", str(tmp_path)) if name == "spark.conf" else text
        (tmp_path / name).write_text(local)
    done = subprocess.run(
        [files.FOLDER / "submit.sh", "--config", "/etc/coinspark/mine.yaml"],
        env={
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "COINSPARK_IMAGE": "coins:1",
            "NAMESPACE": "coins",
            "COINSPARK_MASTER": f"k8s://http://127.0.0.1:{api_server.server_port}",
            "COINSPARK_SPARK_CONF": str(tmp_path / "spark.conf"),
        },
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "the driver ended in phase Failed, exit code 1; spark-submit: 0" in done.stderr
    spec = api_server.created["Pod"]["spec"]
    (container,) = spec["containers"]
    assert spec["serviceAccountName"] == "coinspark-driver"
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert container["securityContext"]["readOnlyRootFilesystem"] is True
    assert container["envFrom"] == [{"secretRef": {"name": "coinspark"}}]
    assert (container["image"], container["workingDir"]) == ("coins:1", "/var/lib/coinspark")
    assert container["args"][0] == "driver"  # for the entry point of the image
    assert container["args"][-2:] == ["--config", "/etc/coinspark/mine.yaml"]
    assert {"/etc/coinspark", "/var/lib/coinspark", "/tmp"} <= {
        mount["mountPath"] for mount in container["volumeMounts"]
    }
    if PYTHON.exists():
        assert not validate([api_server.created["Pod"]], tmp_path, VERSIONS[-1])


def test_failed_spark_submit_is_tried_again(tmp_path: Path) -> None:
    done = submit(tmp_path, "Exception in thread main: cannot reach the API server\n", code=1)
    assert done.returncode == 75
    assert "cannot reach the API server" in done.stdout


def test_job_is_repeated_for_killed_drivers_only() -> None:
    (job,) = files.resources(files.FOLDER / "cronjob.yaml")
    spec = job["spec"]["jobTemplate"]["spec"]
    (rule,) = spec["podFailurePolicy"]["rules"]
    assert rule["action"] == "FailJob"
    assert rule["onExitCodes"] == {"containerName": "submit", "operator": "In", "values": [1, 2]}
    assert spec["backoffLimit"] == 2
    assert spec["template"]["spec"]["restartPolicy"] == "Never"  # podFailurePolicy needs it
