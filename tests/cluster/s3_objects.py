"""Copy all objects of a bucket to a folder, run by the Python of build/tools/cluster.

python s3_objects.py ENDPOINT BUCKET FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

import boto3


def main(endpoint: str, bucket: str, folder: str) -> None:
    """Copy the objects. Keys that end with a slash stand for empty folders and are left out."""
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1")
    for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for item in page.get("Contents", []):
            if not item["Key"].endswith("/"):
                file = Path(folder) / item["Key"]
                file.parent.mkdir(parents=True, exist_ok=True)
                client.download_file(bucket, item["Key"], str(file))


if __name__ == "__main__":
    main(*sys.argv[1:])
