"""The former name of the client."""

from channels_legacy.test.websocket import WSClient

HttpClient = WSClient
