"""The former name of `channels_legacy.test`, as old code has it."""

from channels_legacy.test import (
    ChannelTestCase,
    Client,
    HttpClient,
    TransactionChannelTestCase,
    WSClient,
    apply_routes,
)

__all__ = ["ChannelTestCase", "Client", "HttpClient", "TransactionChannelTestCase", "WSClient", "apply_routes"]
