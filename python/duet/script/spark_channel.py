"""The connection to the profile's Spark: whom it trusts, and where its token may go."""

from __future__ import annotations

from typing import Any

from duet.script.context import SparkEngine

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
"""Hosts that are this machine, as PySpark writes them."""


def channel_builder(engine: SparkEngine) -> Any:
    """PySpark's builder of channels for this Spark; `metadata()` has what goes with each call."""
    import grpc
    from pyspark.sql.connect.client import DefaultChannelBuilder

    class ProfileChannelBuilder(DefaultChannelBuilder):
        """Keeps the channel that it makes.

        A token turns TLS on, save towards this machine and where the address turns it off: as in Duet's own client.
        """

        channel: Any = None

        def toChannel(self) -> Any:
            self.channel = self._trusting() if self.use_ssl else super().toChannel()
            return self.channel

        def _trusting(self) -> Any:
            roots = None if engine.authorities is None else engine.authorities.encode()
            credentials = grpc.ssl_channel_credentials(root_certificates=roots)
            if self.token is not None:
                token = grpc.access_token_call_credentials(self.token)
                credentials = grpc.composite_channel_credentials(credentials, token)
            return self._secure_channel(self.endpoint, credentials)

        @property
        def use_ssl(self) -> bool:
            asked = self.getDefault(self.PARAM_USE_SSL, "").lower()
            return asked == "true" or (
                asked != "false" and super().token is not None and self._host not in LOOPBACK
            )

        @property
        def token(self) -> str | None:
            return super().token if self.use_ssl else None

        def metadata(self) -> Any:
            plain = None if self.use_ssl else super().token
            return [*super().metadata(), *([("authorization", f"Bearer {plain}")] if plain else [])]

    builder = ProfileChannelBuilder(engine.url or "")
    if engine.token is not None:
        builder.set(builder.PARAM_TOKEN, engine.token)
    return builder
