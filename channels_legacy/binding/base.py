"""The base of bindings, which leaves open how a row is written for a group, and how a message is read."""

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any, ClassVar, cast

from django.apps import apps
from django.db import transaction
from django.db.models import Model
from django.db.models.signals import post_delete, post_save, pre_delete, pre_save

from channels_legacy.auth import channel_session_user
from channels_legacy.binding.model_internals import is_new, label
from channels_legacy.channel import Group
from channels_legacy.layers.protocol import Content
from channels_legacy.message import Message
from channels_legacy.sessions import channel_session

CREATE, UPDATE, DELETE = "create", "update", "delete"


class BindingMetaclass(type):
    """Keeps a list of all bindings. They are registered when the models are loaded, later ones when they are made."""

    register_immediately = False
    binding_classes: ClassVar[list["type[Binding]"]] = []

    def __new__(mcs, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> "BindingMetaclass":
        made = super().__new__(mcs, name, bases, body)
        if bases:
            binding = cast("type[Binding]", made)
            mcs.binding_classes.append(binding)
            if mcs.register_immediately:
                binding.register()
        return made

    @classmethod
    def register_all(cls) -> None:
        """Register the bindings made so far, and from now on each one at once."""
        for binding in cls.binding_classes:
            binding.register()
        cls.register_immediately = True


class Binding(metaclass=BindingMetaclass):
    """A two-way connection of a model.

    Outward, a subclass has group_names() and serialize(). Inward, it has deserialize(), has_permission(), create()
    and update(). `fields` are the names of the fields that go out and may be changed, ["__all__"] means all of them;
    `exclude` names those that do not. One of the two is required.
    """

    model: Any = None
    model_label: str
    fields: Iterable[str] | str | None = None
    exclude: Iterable[str] | None = None
    stream: str | None = None
    channel_session_user = True
    channel_session = False
    signal_kwargs: dict[str, Any] | None = None  # the arguments of the signal that is being handled
    instance: Any
    message: Message
    kwargs: dict[str, Any]
    action: str
    pk: Any
    data: Any
    user: Any

    @classmethod
    def register(cls) -> None:
        """Connect the binding to the signals of its model."""
        for model in cls.get_registered_models():
            pre_save.connect(cls.pre_save_receiver, sender=model)
            post_save.connect(cls.post_save_receiver, sender=model)
            pre_delete.connect(cls.pre_delete_receiver, sender=model)
            post_delete.connect(cls.post_delete_receiver, sender=model)

    @classmethod
    def get_registered_models(cls) -> list[type[Model]]:
        """Return the model in a list, which is empty for an abstract binding (`model = None` in its body).

        Raise ValueError for a binding without a model, or without both `fields` and `exclude`.
        """
        name = f"{cls.__module__}.{cls.__qualname__}"
        if cls.model is None:
            if "model" in cls.__dict__:
                return []
            raise ValueError(f"the binding {name} needs the attribute model")
        if cls.fields is None and cls.exclude is None:
            raise ValueError(f"the binding {name} needs the attribute fields or exclude; ['__all__'] is all fields")
        if isinstance(cls.model, str):
            cls.model = apps.get_model(cls.model)
        cls.model_label = label(cls.model)
        return [cls.model]

    # From rows to groups

    @classmethod
    def encode(cls, stream: str, payload: Any) -> Content:
        """Return the message that carries a payload."""
        raise NotImplementedError

    @classmethod
    def pre_save_receiver(cls, instance: Any, **kwargs: Any) -> None:
        """Take the signal before a row is saved."""
        cls.pre_change_receiver(instance, CREATE if is_new(instance) else UPDATE)

    @classmethod
    def post_save_receiver(cls, instance: Any, created: bool, **kwargs: Any) -> None:
        """Take the signal after a row was saved."""
        cls.post_change_receiver(instance, CREATE if created else UPDATE, **kwargs)

    @classmethod
    def pre_delete_receiver(cls, instance: Any, **kwargs: Any) -> None:
        """Take the signal before a row is deleted."""
        cls.pre_change_receiver(instance, DELETE)

    @classmethod
    def post_delete_receiver(cls, instance: Any, **kwargs: Any) -> None:
        """Take the signal after a row was deleted."""
        cls.post_change_receiver(instance, DELETE, **kwargs)

    @classmethod
    def pre_change_receiver(cls, instance: Any, action: str) -> None:
        """Keep the names of the groups in which the row is before its change."""
        names = set() if action == CREATE else set(cls.group_names(instance))
        if not hasattr(instance, "binding_group_names"):
            instance.binding_group_names = {}
        instance.binding_group_names[cls] = names

    @classmethod
    def post_change_receiver(cls, instance: Any, action: str, **kwargs: Any) -> None:
        """Send to the groups that the row has left, stayed in and come to: a deletion, an update, a creation."""
        old = instance.binding_group_names[cls]
        new = set() if action == DELETE else set(cls.group_names(instance))
        self = cls()
        self.instance = instance
        self.send_messages(instance, old - new, DELETE, **kwargs)
        self.send_messages(instance, old & new, UPDATE, **kwargs)
        self.send_messages(instance, new - old, CREATE, **kwargs)

    def send_messages(self, instance: Any, group_names: Iterable[str], action: str, **kwargs: Any) -> None:
        """Write the row down now, and send it to the groups after the commit, in the order of the changes."""
        if not group_names:
            return
        self.signal_kwargs = kwargs
        payload = self.serialize(instance, action)
        if payload == {}:
            return
        if self.stream is None:
            raise ValueError(f"the binding {type(self).__qualname__} needs the attribute stream")
        message = self.encode(self.stream, payload)
        for group in [Group(name) for name in group_names]:
            if group.channel_layer.local_only():
                group.send(message)  # tests wrap everything in a transaction that is never committed
            else:
                transaction.on_commit(partial(group.send, message), using=kwargs.get("using"), robust=True)

    @classmethod
    def group_names(cls, instance: Any) -> Iterable[str]:
        """Return the groups that see this row."""
        raise NotImplementedError

    def serialize(self, instance: Any, action: str) -> Any:
        """Return the payload for a row; {} sends nothing."""
        raise NotImplementedError

    # From messages to rows

    @classmethod
    def trigger_inbound(cls, message: Message, **kwargs: Any) -> None:
        """Do what a message asks for, if its user may."""
        # The models are not loaded yet when a routing is imported.
        from django.contrib.auth.models import AnonymousUser

        self = cls()
        self.message, self.kwargs = message, kwargs
        self.action, self.pk, self.data = self.deserialize(message)
        self.user = getattr(message, "user", AnonymousUser())
        self.run_action(self.action, self.pk, self.data)

    @classmethod
    def get_handler(cls) -> Callable[..., Any]:
        """Return trigger_inbound() with the session or the user that the class asks for."""
        if cls.channel_session_user:
            return channel_session_user(cls.trigger_inbound)
        return channel_session(cls.trigger_inbound) if cls.channel_session else cls.trigger_inbound

    @classmethod
    def consumer(cls, message: Message, **kwargs: Any) -> None:
        """Take a message: the consumer to name in a demultiplexer."""
        cls.get_handler()(message, **kwargs)

    def deserialize(self, message: Message) -> tuple[str, Any, Any]:
        """Return the action, the primary key (None to create) and the data (None to delete) of a message."""
        raise NotImplementedError

    def has_permission(self, user: Any, action: str, pk: Any) -> bool:
        """Return whether the user, perhaps an anonymous one, may do the action to the row."""
        raise NotImplementedError

    def run_action(self, action: str, pk: Any, data: Any) -> None:
        """Create, update or delete a row when the user may. Raise ValueError for any other action."""
        if not self.has_permission(self.user, action, pk):
            return
        if action == CREATE:
            self.create(data)
        elif action == UPDATE:
            self.update(pk, data)
        elif action == DELETE:
            self.delete(pk)
        else:
            raise ValueError(f"the action is {action!r}: it must be create, update or delete")

    def create(self, data: Any) -> None:
        """Make a row from the data."""
        raise NotImplementedError

    def update(self, pk: Any, data: Any) -> None:
        """Change a row by the data."""
        raise NotImplementedError

    def delete(self, pk: Any) -> None:
        """Delete a row; nothing happens when it is gone."""
        self.model.objects.filter(pk=pk).delete()
