"""Where a profile's token may go, and how."""

from __future__ import annotations

import pytest

from duet.script.context import SparkEngine, spark_engine
from duet.script.spark_channel import channel_builder


@pytest.mark.parametrize(
    ("url", "encrypted"),
    [
        ("sc://spark.example:15002", True),
        ("sc://spark.example:15002/;use_ssl=true", True),
        ("sc://spark.example:15002/;use_ssl=false", False),
        ("sc://localhost:15002", False),
        ("sc://127.0.0.1:15002/", False),
        ("sc://[::1]:15002", False),
        ("sc://127.0.0.1:15002/;use_ssl=true", True),
    ],
)
def test_a_token_turns_tls_on_save_here_and_where_it_is_turned_off(url: str, encrypted: bool) -> None:
    """As in Duet's own client, whether the token is the profile's or the address's."""
    separator = ";" if "/;" in url else "/;"
    for engine in (
        SparkEngine(kind="sail", url=url, token="secret"),
        SparkEngine(kind="sail", url=f"{url.rstrip('/')}{separator}token=secret"),
    ):
        builder = channel_builder(engine)
        assert builder.use_ssl is encrypted
        # Within TLS gRPC's own credentials carry it.
        assert builder.token == ("secret" if encrypted else None)
        in_the_clear = [value for name, value in builder.metadata() if name == "authorization"]
        assert in_the_clear == ([] if encrypted else ["Bearer secret"])


def test_without_a_token_the_address_decides() -> None:
    """And nothing is sent for one."""
    for url, encrypted in (("sc://spark.example", False), ("sc://spark.example/;use_ssl=true", True)):
        builder = channel_builder(SparkEngine(kind="apache", url=url))
        assert builder.use_ssl is encrypted
        assert not [name for name, _ in builder.metadata() if name == "authorization"]


def test_the_authorities_of_a_profile_are_read() -> None:
    """They come as PEM, not as a path."""
    record = {"kind": "sail", "url": "sc://h", "authorities": "PEM"}
    assert spark_engine(record).authorities == "PEM"
