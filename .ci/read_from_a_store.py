"""A run whose sources lie in an object store (S3, played on this machine) gives the tables of the files on disk."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import fsspec
import yaml
from moto.server import ThreadedMotoServer

from flexsites.worlds.municipality import write_municipality
from tests.pipelines.small_run import N_PARCELS, Content, assess, tables, write_run

BUCKET = "s3://flexdam"


def from_the_store(content: Content) -> None:
    """Let every source be read from the bucket."""
    text = yaml.safe_dump(content["sources"], allow_unicode=True)
    content["sources"] = yaml.safe_load(text.replace("path: world/", f"path: {BUCKET}/"))
    assert yaml.safe_dump(content["sources"]).count(BUCKET) > 20  # or it shows nothing


def main() -> int:
    """Run both ways; return 1 if their tables differ."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0)
    server.start()
    host, port = server.get_host_and_port()
    keys = {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "AWS_DEFAULT_REGION": "us-east-1"}
    os.environ.update(keys, AWS_ENDPOINT_URL=f"http://{host}:{port}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("world", "disk", "store"):
            (folder / part).mkdir()
        write_municipality(folder / "world", seed=1, n_parcels=N_PARCELS)
        store = fsspec.filesystem("s3")
        store.mkdir(BUCKET)
        store.put(f"{folder}/world/", f"{BUCKET}/", recursive=True)
        disk = tables(assess(write_run(folder / "disk", folder / "world"), folder / "disk"))
        remote = tables(assess(write_run(folder / "store", folder / "world", from_the_store), folder / "store"))
    server.stop()
    differ = sorted(table for table in disk.keys() | remote.keys() if disk.get(table) != remote.get(table))
    sys.stdout.write(f"{len(disk)} tables from disk and from {BUCKET}: {differ or 'equal'}\n")
    return 1 if differ or not disk else 0


if __name__ == "__main__":
    sys.exit(main())
