"""The resources of deploy/kubernetes, and the fields of the Spark operator's resource."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests import builds

FOLDER = builds.ROOT / "deploy" / "kubernetes"
MANIFESTS = sorted(FOLDER.glob("*.yaml"))

# Copied from the types of the operator's API v1beta2: its definition is not among the schemas of Kubernetes.
SCHEDULE_FIELDS = {
    *("schedule", "template", "suspend", "concurrencyPolicy"),
    *("successfulRunHistoryLimit", "failedRunHistoryLimit"),
}
APPLICATION_FIELDS = {
    *("type", "sparkVersion", "mode", "image", "imagePullPolicy", "imagePullSecrets", "mainApplicationFile"),
    *("arguments", "sparkConf", "hadoopConf", "volumes", "driver", "executor", "deps", "restartPolicy"),
    *("nodeSelector", "pythonVersion", "memoryOverheadFactor", "timeToLiveSeconds", "dynamicAllocation"),
}
_POD_FIELDS = {
    *("template", "cores", "coreLimit", "coreRequest", "memory", "memoryOverhead", "gpu", "image", "env"),
    *("envFrom", "labels", "annotations", "volumeMounts", "affinity", "tolerations", "podSecurityContext"),
    *("securityContext", "initContainers", "nodeSelector", "serviceAccount", "javaOptions"),
}
DRIVER_FIELDS = _POD_FIELDS
EXECUTOR_FIELDS = {*_POD_FIELDS, "instances"}
RESTART_FIELDS = {
    *("type", "onFailureRetries", "onFailureRetryInterval"),
    *("onSubmissionFailureRetries", "onSubmissionFailureRetryInterval"),
}


def resources(path: Path) -> list[dict[str, Any]]:
    return [resource for resource in yaml.safe_load_all(path.read_text(encoding="utf-8")) if resource]


def all_resources() -> list[dict[str, Any]]:
    """The resources of all files, and the pod templates inside of the ConfigMap."""
    documents = [resource for path in MANIFESTS for resource in resources(path)]
    data = configuration()
    return [*documents, *(yaml.safe_load(data[name]) for name in ("driver.yaml", "executor.yaml"))]


def configuration() -> dict[str, str]:
    (config_map,) = resources(FOLDER / "configuration.yaml")
    data: dict[str, str] = config_map["data"]
    return data


def spark_conf() -> dict[str, str]:
    lines = (line.split() for line in configuration()["spark.conf"].splitlines())
    return {words[0]: " ".join(words[1:]) for words in lines if words and words[0] != "#"}


def application() -> dict[str, Any]:
    (resource,) = resources(FOLDER / "scheduled-spark-application.yaml")
    template: dict[str, Any] = resource["spec"]["template"]
    return template


def operator_pod(role: str) -> dict[str, Any]:
    """The pod that the operator makes from the parts of its resource that are types of Kubernetes."""
    template = application()
    part = template[role]
    container = {
        "name": role,
        "image": template["image"],
        **{key: part[key] for key in ("env", "envFrom", "securityContext", "volumeMounts") if key in part},
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": role},
        "spec": {
            "containers": [container],
            "volumes": template["volumes"],
            "serviceAccountName": part["serviceAccount"],
            "securityContext": part["podSecurityContext"],
        },
    }


def pod_specs() -> list[dict[str, Any]]:
    """The specifications of all pods: submit, status, and driver and executor of both schedules."""
    jobs = [resource for resource in all_resources() if resource["kind"] == "CronJob"]
    pods = [resource for resource in all_resources() if resource["kind"] == "Pod"]
    pods += [operator_pod(role) for role in ("driver", "executor")]
    templates = [job["spec"]["jobTemplate"]["spec"]["template"] for job in jobs]
    return [pod["spec"] for pod in (*templates, *pods)]


def references(value: Any) -> Iterator[tuple[str, str]]:
    """(kind, name) of the resources that a resource names."""
    keys = {"secretRef": "Secret", "configMap": "ConfigMap", "roleRef": "Role"}
    if isinstance(value, dict):
        for key, part in value.items():
            if key in keys:
                yield keys[key], part["name"]
            elif key in ("serviceAccountName", "serviceAccount"):
                yield "ServiceAccount", part
            elif key == "persistentVolumeClaim":
                yield "PersistentVolumeClaim", part["claimName"]
            elif key == "subjects":
                yield from ((subject["kind"], subject["name"]) for subject in part)
            yield from references(part)
    elif isinstance(value, list):
        for part in value:
            yield from references(part)
