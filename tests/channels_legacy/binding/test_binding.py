"""Bindings of a model to a stream, outward to groups and inward from frames."""

from typing import Any, ClassVar

import pytest
from django.db import transaction
from django.db.models import signals

from channels_legacy.asgi import ChannelLayerWrapper, channel_layers
from channels_legacy.binding import base
from channels_legacy.binding.websockets import WebsocketBinding, WebsocketBindingWithMembers
from channels_legacy.generic.websockets import WebsocketDemultiplexer
from channels_legacy.layers.memory import InMemoryLayer
from channels_legacy.test import ChannelTestCase, TransactionChannelTestCase, WSClient, apply_routes
from proj.accounts.models import User

RECEIVE = "websocket.receive"


class People(WebsocketBinding):
    model = User
    stream = "people"
    fields: Any = ["username", "first_name"]
    allowed: ClassVar[bool] = True
    asked: ClassVar[list[tuple[str, str, Any]]] = []

    @classmethod
    def group_names(cls, instance: Any) -> list[str]:
        return [f"people-{instance.first_name or 'nameless'}"]

    def has_permission(self, user: Any, action: str, pk: Any) -> bool:
        self.asked.append((str(user), action, pk))
        return self.allowed


class Demultiplexer(WebsocketDemultiplexer):
    consumers = {"people": People.consumer}
    http_user = True


def disconnect(binding: Any) -> None:
    """End a binding of one test, so that the next test does not see its signals."""
    for signal, receiver in [
        (signals.pre_save, binding.pre_save_receiver),
        (signals.post_save, binding.post_save_receiver),
        (signals.pre_delete, binding.pre_delete_receiver),
        (signals.post_delete, binding.post_delete_receiver),
    ]:
        signal.disconnect(receiver, sender=User)


@pytest.fixture(autouse=True)
def _registered(request: pytest.FixtureRequest) -> Any:
    People.register()
    People.asked.clear()
    yield
    disconnect(People)


class OutboundTests(ChannelTestCase):
    def test_a_row_goes_to_the_groups_that_it_comes_to_stays_in_and_leaves(self) -> None:
        client, old, new = WSClient(), WSClient(), WSClient()
        client.join_group("people-nameless")
        user = User.objects.create_user("alice", email="alice@example.org")
        assert client.receive() == {
            "stream": "people",
            "payload": {
                "action": "create",
                "pk": user.pk,
                "data": {"username": "alice", "first_name": ""},
                "model": "accounts.user",
            },
        }
        user.first_name = "Al"
        old.join_group("people-nameless")
        new.join_group("people-Al")
        user = User.objects.get(pk=user.pk)
        user.username = "alice2"
        user.save()
        assert old.receive()["payload"]["action"] == "update"
        pk = user.pk
        user.delete()
        assert (old.receive()["payload"]["action"], new.receive()) == ("delete", None)
        assert pk

    def test_members_and_excluded_fields(self) -> None:
        class Members(WebsocketBindingWithMembers):
            model = User
            stream = "members"
            exclude = ["password", "last_login", "date_joined", "groups", "user_permissions"]
            send_members = ["is_staff", "get_username", "date_joined.year"]

        data = Members().serialize_data(User.objects.create_user("bob"))
        assert (data["get_username"], data["username"], "password" in data) == ("bob", "bob", False)
        assert data["date_joined__year"] > 2000


class AfterCommitTests(TransactionChannelTestCase):
    def test_a_row_goes_out_after_its_commit_and_not_at_all_without_one(self) -> None:
        layer = ChannelLayerWrapper(InMemoryLayer(), "default", [])
        layer.local_only = lambda: False  # type: ignore[method-assign]
        channel_layers.set("default", layer)
        client = WSClient()
        client.join_group("people-nameless")
        with transaction.atomic():
            User.objects.create_user("alice")
            User.objects.create_user("bob")
            assert client.receive() is None
        assert [client.receive()["payload"]["data"]["username"] for _ in range(2)] == ["alice", "bob"]
        with pytest.raises(RuntimeError), transaction.atomic():
            User.objects.create_user("charlie")
            raise RuntimeError
        assert client.receive() is None


class InboundTests(ChannelTestCase):
    def ask(self, client: WSClient, payload: dict[str, Any]) -> None:
        with apply_routes([Demultiplexer.as_route()]):
            client.send_and_consume(RECEIVE, text={"stream": "people", "payload": payload})

    def test_frames_create_update_and_delete(self) -> None:
        client = WSClient()
        self.ask(client, {"action": "create", "data": {"username": "bob", "first_name": "B", "is_superuser": True}})
        bob = User.objects.get(username="bob")
        assert (bob.first_name, bob.is_superuser) == ("B", False)
        self.ask(client, {"action": "update", "pk": bob.pk, "data": {"first_name": "Bo", "is_superuser": True}})
        bob.refresh_from_db()
        assert (bob.first_name, bob.username, bob.is_superuser) == ("Bo", "bob", False)
        self.ask(client, {"action": "delete", "pk": bob.pk})
        assert not User.objects.filter(pk=bob.pk).exists()
        with pytest.raises(ValueError, match="must be create, update or delete"):
            self.ask(client, {"action": "drop"})

    def test_nothing_happens_without_permission(self) -> None:
        alice = User.objects.create_user("alice")
        client = WSClient()
        client.force_login(alice)
        People.allowed = False
        self.addCleanup(setattr, People, "allowed", True)
        self.ask(client, {"action": "delete", "pk": alice.pk})
        assert User.objects.filter(pk=alice.pk).exists()
        assert People.asked == [("alice", "delete", alice.pk)]

    def test_connects_and_disconnects_ask_for_nothing(self) -> None:
        with apply_routes([Demultiplexer.as_route()]):
            client = WSClient()
            client.send_and_consume("websocket.connect")
            client.send_and_consume("websocket.disconnect")
        assert People.asked == []


def test_a_binding_without_fields_or_model_is_refused_with_a_sentence() -> None:
    registered = list(base.BindingMetaclass.binding_classes)
    try:

        class NoFields(WebsocketBinding):
            model = User
            stream = "people"

        class NoModel(base.Binding):
            fields = ["username"]

        with pytest.raises(ValueError, match="NoFields needs the attribute fields or exclude"):
            NoFields.register()
        with pytest.raises(ValueError, match="NoModel needs the attribute model"):
            NoModel.register()
        assert WebsocketBinding.get_registered_models() == []
    finally:
        base.BindingMetaclass.binding_classes[:] = registered


def test_a_later_binding_registers_itself_and_finds_its_model_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base.BindingMetaclass, "binding_classes", [])
    monkeypatch.setattr(base.BindingMetaclass, "register_immediately", False)
    base.BindingMetaclass.register_all()

    class Later(WebsocketBinding):
        model: Any = "accounts.User"
        stream = "later"
        fields = ["__all__"]

    disconnect(Later)
    assert (Later.model, Later.model_label) == (User, "accounts.user")
