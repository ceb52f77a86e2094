"""A server of object storage on this machine, which speaks S3: moto's, of tests/requirements-ray.txt."""

import contextlib
import dataclasses
import os
import urllib.request
import uuid
import xml.etree.ElementTree
from collections.abc import Iterator

_KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_DEFAULT_REGION": "us-east-1"}
_NAME = "{http://s3.amazonaws.com/doc/2006-03-01/}Key"


@dataclasses.dataclass(frozen=True)
class Bucket:
    """url: where it is served."""

    url: str

    @property
    def uri(self) -> str:
        """Return the address of a folder in it, for --store."""
        return f"s3://{self.url.rpartition('/')[2]}/winnow"

    def names(self) -> list[str]:
        """Return the names of what it holds, but for folders."""
        with urllib.request.urlopen(f"{self.url}?list-type=2") as answer:
            held = xml.etree.ElementTree.fromstring(answer.read())
        return [each.text for each in held.iter(_NAME) if not each.text.endswith("/")]


@dataclasses.dataclass(frozen=True)
class Storage:
    """url: of the server."""

    url: str

    def make_bucket(self) -> Bucket:
        """Make a bucket."""
        url = f"{self.url}/{uuid.uuid4().hex}"
        urllib.request.urlopen(urllib.request.Request(url, method="PUT")).close()
        return Bucket(url)


@contextlib.contextmanager
def serve() -> Iterator[Storage]:
    """Yield a server that this process, and those that it starts meanwhile, find by their environment."""
    from moto.server import ThreadedMotoServer

    server, before = ThreadedMotoServer("127.0.0.1", port=0, verbose=False), dict(os.environ)
    server.start()
    host, port = server.get_host_and_port()
    os.environ |= _KEYS | {"AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_EC2_METADATA_DISABLED": "true"}
    try:
        yield Storage(f"http://{host}:{port}")
    finally:
        server.stop()
        for name in os.environ.keys() - before.keys():
            del os.environ[name]
        os.environ |= before
