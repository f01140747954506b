"""The base of all class consumers: a message makes an object, and the object handles the message."""

from collections.abc import Callable
from typing import Any, ClassVar

from channels_legacy.auth import channel_session_user
from channels_legacy.message import Message
from channels_legacy.routing import RouteClass
from channels_legacy.sessions import channel_session

Handler = Callable[..., Any]


class BaseConsumer:
    """A consumer that is a class: `method_mapping` names the method for each channel."""

    method_mapping: ClassVar[dict[str, str]] = {}
    channel_session = False
    channel_session_user = False

    def __init__(self, message: Message, **kwargs: Any) -> None:
        self.message = message
        self.kwargs = kwargs
        self.dispatch(message, **kwargs)

    @classmethod
    def channel_names(cls) -> set[str]:
        """Return the channels that this class has a method for."""
        return set(cls.method_mapping)

    @classmethod
    def as_route(cls, attrs: dict[str, Any] | None = None, **kwargs: Any) -> RouteClass:
        """Return a route to this class, or to a subclass with other attributes. `kwargs` are the route's filters."""
        if attrs is not None and not isinstance(attrs, dict):
            raise TypeError(f"as_route() takes the attributes of the class as a dict, not {type(attrs).__name__}")
        return RouteClass(
            type(cls.__name__, (cls,), {"__module__": cls.__module__, **attrs}) if attrs else cls, **kwargs
        )

    def get_handler(self, message: Message, **kwargs: Any) -> Handler:
        """Return the method for the message's channel, with the session or user that the class asks for."""
        handler: Handler = getattr(self, self.method_mapping[message.channel.name])
        if self.channel_session_user:
            return channel_session_user(handler)
        if self.channel_session:
            return channel_session(handler)
        return handler

    def dispatch(self, message: Message, **kwargs: Any) -> Any:
        """Call the method for the message."""
        return self.get_handler(message, **kwargs)(message, **kwargs)
