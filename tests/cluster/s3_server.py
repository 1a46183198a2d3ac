"""An S3 server with one bucket and one user, run by the Python of build/tools/cluster.

    python s3_server.py HOST PORT BUCKET KEYS.json

It keeps all objects in memory, checks every signature, and writes the keys of the user to KEYS.json.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path

os.environ["INITIAL_NO_AUTH_ACTION_COUNT"] = "4"  # those below; every later one needs the user's keys

import boto3
import botocore.auth
from moto.server import ThreadedMotoServer

# Java's client signs this header, which botocore, with which moto checks signatures, never does.
botocore.auth.SIGNED_HEADERS_BLACKLIST.remove("user-agent")
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}


def main(host: str, port: str, bucket: str, file: str) -> None:
    """Start the server, create bucket and user, and serve until the process ends."""
    ThreadedMotoServer(ip_address=host, port=int(port), verbose=False).start()
    server = {"endpoint_url": f"http://{host}:{port}", "region_name": "us-east-1"}
    anyone = {"aws_access_key_id": "any", "aws_secret_access_key": "any"}
    boto3.client("s3", **server, **anyone).create_bucket(Bucket=bucket)
    users = boto3.client("iam", **server, **anyone)
    users.create_user(UserName="coinspark")
    users.put_user_policy(UserName="coinspark", PolicyName="s3", PolicyDocument=json.dumps(POLICY))
    keys = users.create_access_key(UserName="coinspark")["AccessKey"]
    partial = Path(file).with_suffix(".partial")
    partial.write_text(json.dumps({"key": keys["AccessKeyId"], "secret": keys["SecretAccessKey"]}))
    partial.rename(file)
    threading.Event().wait()


if __name__ == "__main__":
    main(*sys.argv[1:])
