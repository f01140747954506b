"""Test cases and clients for consumers, which need no process beside the test's own."""

from channels_legacy.test.base import ChannelTestCase, Client, TransactionChannelTestCase, apply_routes
from channels_legacy.test.http import HttpClient
from channels_legacy.test.websocket import WSClient

__all__ = ["ChannelTestCase", "Client", "HttpClient", "TransactionChannelTestCase", "WSClient", "apply_routes"]
