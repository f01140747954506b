"""The table of delayed messages, and a layer as on a running stack."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from channels_legacy.asgi import ChannelLayerWrapper, channel_layers
from channels_legacy.delay.models import DelayedMessage
from channels_legacy.layers.stack import StackLayer


@pytest.fixture(scope="session")
def _table(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    with django_db_blocker.unblock():
        with connection.schema_editor() as editor:
            editor.create_model(DelayedMessage)
        yield
        with connection.schema_editor() as editor:
            editor.delete_model(DelayedMessage)


@pytest.fixture
def delayed(_table: None, db: None, settings: Any) -> None:
    """The app of delayed messages is installed."""
    settings.INSTALLED_APPS = [*settings.INSTALLED_APPS, "channels_legacy.delay"]
    settings.CHANNEL_LOOSE = ["loose.*"]


@pytest.fixture
def stack(delayed: None) -> Iterator[ChannelLayerWrapper]:
    wrapper = ChannelLayerWrapper(StackLayer(), "default", [])
    former = channel_layers.set("default", wrapper)
    yield wrapper
    channel_layers.set("default", former)
