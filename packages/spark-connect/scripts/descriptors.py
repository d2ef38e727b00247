"""Writes Spark Connect's wire contract, as a serialized FileDescriptorSet, to standard output.

The contract ships inside the `pyspark-client` wheel: each `pyspark.sql.connect.proto.*_pb2` module holds the
descriptor of one .proto file. The modules are run one by one from their files, so that neither pyspark nor
pandas nor gRPC is imported (0.1 s instead of 1.4 s).
"""

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorSet

PACKAGE = "pyspark.sql.connect.proto"
"""Where the wheel keeps the messages of Spark Connect."""

ROOTS = [f"{PACKAGE}.base_pb2", "google.rpc.status_pb2", "google.rpc.error_details_pb2"]
"""What Duet uses; what these import comes along."""


def hollow_packages() -> None:
    """Registers pyspark's packages without running their `__init__`, which would import all of pyspark."""
    spec = importlib.util.find_spec("pyspark")
    if spec is None or spec.origin is None:
        sys.exit(f"pyspark-client is not installed in {sys.prefix}: run `npm run setup`")
    folder = Path(spec.origin).parent
    names = PACKAGE.split(".")
    for depth in range(1, len(names) + 1):
        package = ModuleType(".".join(names[:depth]))
        package.__path__ = [str(folder.joinpath(*names[1:depth]))]
        sys.modules[package.__name__] = package


def collect(file: FileDescriptor, found: dict[str, FileDescriptor]) -> None:
    """Adds a file to `found` after the files that it imports, the order that code generators expect."""
    if file.name in found:
        return
    for dependency in file.dependencies:
        collect(dependency, found)
    found[file.name] = file


def main() -> None:
    """Collects the files of all roots and prints them as one FileDescriptorSet."""
    hollow_packages()
    found: dict[str, FileDescriptor] = {}
    for name in ROOTS:
        collect(importlib.import_module(name).DESCRIPTOR, found)
    descriptors = FileDescriptorSet()
    for file in found.values():
        file.CopyToProto(descriptors.file.add())
    sys.stdout.buffer.write(descriptors.SerializeToString())


main()
