"""deploy/image: the image is built by setup.sh, from files that exist, and fits what Kubernetes starts."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from coinspark.nightly import STAGES
from tests import builds
from tests.deploy import dockerfile
from tests.deploy import kubernetes_files as kubernetes

IMAGE = builds.ROOT / "deploy" / "image"
TOOLS = Path(os.environ.get("COINSPARK_TOOLS", builds.ROOT / "build" / "tools"))
HADOLINT = TOOLS / "hadolint" / "bin" / "hadolint"
EXECUTOR = {
    "SPARK_EXECUTOR_MEMORY": "8192m",
    "SPARK_DRIVER_URL": "spark://CoarseGrainedScheduler@driver:7078",
    "SPARK_EXECUTOR_ID": "3",
    "SPARK_EXECUTOR_CORES": "4",
    "SPARK_APPLICATION_ID": "spark-1",
    "SPARK_EXECUTOR_POD_IP": "10.0.0.7",
    "SPARK_RESOURCE_PROFILE_ID": "0",
    "SPARK_EXECUTOR_POD_NAME": "coinspark-exec-3",
    "SPARK_CONF_DIR": "/opt/spark/conf",
}
"""Variables that Spark 3.5 sets in a pod of an executor (`BasicExecutorFeatureStep`)."""


def image_environment() -> dict[str, str]:
    (text,) = [step.text for step in dockerfile.stages()[-1].steps if step.name == "ENV"]
    return dict(word.split("=", 1) for word in text.split())


def entry_point(folder: Path, *arguments: str, **variables: str) -> list[str]:
    """The command that the entry point runs: with a tini that prints its arguments."""
    tini = folder / "tini"
    tini.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    tini.chmod(0o755)
    done = subprocess.run(
        [IMAGE / "entrypoint.sh", *arguments],
        env={
            "PATH": f"{folder}:/usr/bin:/bin",
            "JAVA_HOME": "/opt/java",
            "SPARK_HOME": "/spark",
            **variables,
        },
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    init, *command = done.stdout.splitlines()[1:]
    assert init == "--"
    return command


def test_image_is_set_up_by_the_script_of_make_setup() -> None:
    commands = [step.text for stage in dockerfile.stages() for step in stage.steps if step.name == "RUN"]
    (setup,) = [command for command in commands if "setup.sh" in command]
    assert setup.endswith("; deploy/setup.sh cluster")
    for command in commands:
        command = re.sub(r"apt-get install [^&]+", "", command)
        assert not re.search(r"\b(pip|mvn|venv) ", command), "a step of its own beside setup.sh"
    makefile = (builds.ROOT / "Makefile").read_text(encoding="utf-8")
    assert "setup:\n\t@deploy/setup.sh\n" in makefile


def test_setup_has_all_files_that_its_script_reads() -> None:
    (first, _) = dockerfile.stages()
    copied = [source for _, sources, _ in dockerfile.copies(first) for source in sources]
    script = (builds.ROOT / "deploy" / "setup.sh").read_text(encoding="utf-8")
    for path in ("deploy/requirements/lock.txt", "deploy/jars", "setup.py"):
        assert path in script
        assert any(path.startswith(source.rstrip("/")) for source in copied), path
    assert "coinspark/__init__.py" in copied, "setup.py finds the package"


def test_packages_of_the_image_are_those_that_setup_asks_for() -> None:
    """Debian's names in the messages of setup.sh, with the version of Python."""
    script = (builds.ROOT / "deploy" / "setup.sh").read_text(encoding="utf-8")
    asked = set(" ".join(re.findall(r"apt-get install ([^;)\"]+)", script)).split())
    (command,) = [step.text for step in dockerfile.stages()[0].steps if "apt-get install" in step.text]
    assert asked <= set(command.split())


def test_copied_files_exist_and_are_sent_to_the_build() -> None:
    sources = [
        source
        for stage in dockerfile.stages()
        for origin, paths, _ in dockerfile.copies(stage)
        if origin is None
        for source in paths
    ]
    assert len(sources) == 6
    for source in sources:
        assert (builds.ROOT / source).exists(), source
        if source != ".":
            assert dockerfile.is_sent(source.rstrip("/")), source


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("coinspark/nightly.py", True),
        ("jobs/nightly.py", True),
        ("conf/cluster.yaml", True),
        ("deploy/kubernetes/submit.sh", True),
        ("deploy/image/entrypoint.sh", True),
        ("deploy/pictures/report.png", False),
        ("coinspark/core/__pycache__/errors.pyc", False),
        ("tests/conftest.py", False),
        (".git/config", False),
        (".venv/bin/python", False),
        ("warehouse/catalog.db", False),
    ],
)
def test_image_contains_the_program_and_no_data(path: str, sent: bool) -> None:
    assert dockerfile.is_sent(path) == sent


def test_base_images_have_a_tag_and_no_registry() -> None:
    for arguments in ({}, {"BASE": "nvidia/cuda:12.2.2-devel-ubuntu22.04"}):
        for stage in dockerfile.stages(arguments):
            assert re.fullmatch(r"[a-z]+(/[a-z]+)?:[\w.-]*\d[\w.-]*", stage.base), stage.base


def test_user_of_the_image_is_that_of_the_pods() -> None:
    last = dockerfile.stages()[-1]
    (user,) = [step.text for step in last.steps if step.name == "USER"]
    pods = {
        (spec["securityContext"]["runAsUser"], spec["securityContext"]["runAsGroup"])
        for spec in kubernetes.pod_specs()
    }
    assert pods == {tuple(map(int, user.split(":")))}
    (create,) = [step.text for step in last.steps if "useradd" in step.text]
    assert f"--uid {user.partition(':')[0]} " in create, "Spark needs a user with a name"


def test_paths_of_the_kubernetes_files_are_those_of_the_image() -> None:
    targets = {target for _, _, target in dockerfile.copies(dockerfile.stages()[-1])}
    assert "/opt/coinspark/" in targets
    names = "\n".join(path.read_text(encoding="utf-8") for path in kubernetes.FOLDER.glob("*.*"))
    files = set(re.findall(r"/opt/coinspark/((?:jobs|conf|deploy)/[\w./-]+)", names))
    assert len(files) >= 3
    for file in files:
        assert (builds.ROOT / file).is_file() and dockerfile.is_sent(file), file
    environment = image_environment()
    assert environment["PATH"].startswith("/opt/coinspark/.venv/bin:")
    assert environment["SPARK_HOME"].endswith("/.venv/lib/python3.11/site-packages/pyspark")


def test_entry_point_is_a_part_of_the_image_and_runs_commands(tmp_path: Path) -> None:
    steps = {step.name: step.text for step in dockerfile.stages()[-1].steps}
    (path,) = json.loads(steps["ENTRYPOINT"])
    file = builds.ROOT / path.removeprefix("/opt/coinspark/")
    assert os.access(file, os.X_OK)
    assert entry_point(tmp_path, *json.loads(steps["CMD"])) == ["coinspark", "--help"]
    submit = ["/opt/coinspark/deploy/kubernetes/submit.sh", "--config", "my file.yaml"]
    assert entry_point(tmp_path, *submit) == submit


def test_entry_point_submits_the_driver(tmp_path: Path) -> None:
    """With the arguments that tests/deploy/test_kubernetes.py sees spark-submit give to a driver."""
    given = [
        "--properties-file",
        "/opt/spark/conf/spark.properties",
        "local:///opt/coinspark/jobs/nightly.py",
    ]
    command = entry_point(tmp_path, "driver", *given, SPARK_DRIVER_BIND_ADDRESS="10.0.0.5")
    assert command == [
        *("spark-submit", "--deploy-mode", "client", "--conf", "spark.driver.bindAddress=10.0.0.5"),
        *given,
    ]


def test_entry_point_starts_an_executor_with_its_options_in_order(tmp_path: Path) -> None:
    java = {f"SPARK_JAVA_OPT_{n}": f"-Dn={n} x" for n in range(12)}
    command = entry_point(tmp_path, "executor", **EXECUTOR, **java)
    assert command[:13] == ["/opt/java/bin/java", *java.values()]
    assert command[13:17] == ["-Xms8192m", "-Xmx8192m", "-cp", "/opt/spark/conf:/spark/jars/*"]
    name, *options = command[17:]
    assert name == "org.apache.spark.scheduler.cluster.k8s.KubernetesExecutorBackend"
    assert dict(zip(options[::2], options[1::2], strict=True)) == {
        "--driver-url": "spark://CoarseGrainedScheduler@driver:7078",
        "--executor-id": "3",
        "--cores": "4",
        "--app-id": "spark-1",
        "--hostname": "10.0.0.7",
        "--resourceProfileId": "0",
        "--podName": "coinspark-exec-3",
    }


@pytest.mark.skipif(not HADOLINT.exists(), reason=f"{HADOLINT} is missing: run deploy/test-tools.sh")
def test_hadolint_accepts_the_dockerfile_and_finds_a_fault(tmp_path: Path) -> None:
    def lint(path: Path) -> str:
        return subprocess.run([HADOLINT, "--no-color", path], capture_output=True, text=True).stdout

    assert lint(dockerfile.DOCKERFILE) == ""
    faulty = tmp_path / "Dockerfile"
    faulty.write_text(dockerfile.DOCKERFILE.read_text().replace("WORKDIR /tmp", "WORKDIR tmp"))
    assert "DL3000" in lint(faulty)


def test_no_stage_is_named_like_a_command_of_the_entry_point() -> None:
    assert not {stage.name for stage in STAGES} & {"driver", "executor"}
