"""Bindings over a demultiplexed socket: rows as JSON of Django's serializers."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from django.core import serializers
from django.core.serializers.json import DjangoJSONEncoder

from channels_legacy.binding.base import Binding
from channels_legacy.binding.model_internals import field_names
from channels_legacy.generic.websockets import WebsocketDemultiplexer, WebsocketMultiplexer
from channels_legacy.layers.protocol import Content
from channels_legacy.message import Message
from channels_legacy.sessions import enforce_ordering

__all__ = ["WebsocketBinding", "WebsocketBindingWithMembers", "WebsocketDemultiplexer", "WebsocketMultiplexer"]

ALL_FIELDS = "__all__"


class WebsocketBinding(Binding):
    """A binding of a model to a stream: {"action", "pk", "data", "model"} out, {"action", "pk", "data"} in.

    A subclass has group_names() to send, and has_permission() to receive. A user changes no field that is not sent.
    """

    model: Any = None
    strict_ordering = False
    slight_ordering = False

    @classmethod
    def encode(cls, stream: str, payload: Any) -> Content:
        """Return the frame that carries a payload on the stream."""
        return WebsocketMultiplexer.encode(stream, payload)

    def serialize(self, instance: Any, action: str) -> Any:
        """Return the payload for a row."""
        return {
            "action": action,
            "pk": instance.pk,
            "data": self.serialize_data(instance),
            "model": self.model_label,
        }

    def serialize_data(self, instance: Any) -> dict[str, Any]:
        """Return the fields of a row in JSON types."""
        if self.fields is not None:
            fields = None if self._all_fields() else list(self.fields)
        else:
            fields = [name for name in field_names(instance) if self._is_bound(name)]
        data: dict[str, Any] = json.loads(serializers.serialize("json", [instance], fields=fields))[0]["fields"]
        return data

    def _all_fields(self) -> bool:
        return self.fields == ALL_FIELDS or list(self.fields or ()) == [ALL_FIELDS]

    def _is_bound(self, name: str) -> bool:
        """Return whether a field belongs to the binding."""
        if self.fields is not None:
            return self._all_fields() or name in self.fields
        return name not in (self.exclude or ())

    @classmethod
    def get_handler(cls) -> Callable[..., Any]:
        """Return trigger_inbound() with everything that the attributes of the class ask for."""
        handler = super().get_handler()
        return enforce_ordering(handler) if cls.strict_ordering or cls.slight_ordering else handler

    @classmethod
    def trigger_inbound(cls, message: Message, **kwargs: Any) -> None:
        """Do what a frame asks for; connects and disconnects ask for nothing."""
        if message.channel.name == "websocket.receive":
            super().trigger_inbound(message, **kwargs)

    def deserialize(self, message: Message) -> tuple[str, Any, Any]:
        """Return the action, the primary key and the data of a payload."""
        body = json.loads(message["text"])
        return body["action"], body.get("pk"), body.get("data")

    def _hydrate(self, pk: Any, data: dict[str, Any]) -> Any:
        """Return an unsaved row with these data, for the fields of the binding."""
        fields = {name: value for name, value in data.items() if self._is_bound(name)}
        rows = [{"pk": pk, "model": self.model_label, "fields": fields}]
        return next(iter(serializers.deserialize("python", rows)))

    def create(self, data: Any) -> None:
        """Make a row with the fields of the binding; other data are ignored, as in an update."""
        self._hydrate(None, data).save()

    def update(self, pk: Any, data: Any) -> None:
        """Change the fields of the binding in a row. Raise the model's DoesNotExist when it is gone."""
        instance = self.model.objects.get(pk=pk)
        hydrated = self._hydrate(pk, data)
        for name in data:
            if self._is_bound(name):
                setattr(instance, name, getattr(hydrated.object, name))
        instance.save()


class WebsocketBindingWithMembers(WebsocketBinding):
    """A binding that sends attributes, properties and methods of a row too: `send_members = ["total", "owner.name"]`.

    A dot becomes two underscores in the data; methods are called without arguments.
    """

    model: Any = None
    send_members: Sequence[str] = ()
    encoder = DjangoJSONEncoder()

    def serialize_data(self, instance: Any) -> dict[str, Any]:
        """Return the fields and the members of a row in JSON types."""
        data = super().serialize_data(instance)
        members = {path.replace(".", "__"): _member(instance, path) for path in self.send_members}
        data |= json.loads(self.encoder.encode(members))
        return data


def _member(instance: Any, path: str) -> Any:
    for name in path.split("."):
        instance = getattr(instance, name)
    return instance() if callable(instance) else instance
