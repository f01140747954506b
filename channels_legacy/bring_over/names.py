"""The names of Channels: the modules of 1.1.8 with their public names, and the modules that came with Channels 2."""

LEGACY = "channels_legacy"


def words(text: str) -> frozenset[str]:
    """Return the names of a text that spaces part."""
    return frozenset(text.split())


# The modules of 1.1.8 that channels_legacy has too, and the names that are imported from them.
KEPT_NAMES: dict[str, frozenset[str]] = {
    module: words(names)
    for module, names in {
        "": "Channel Group channel_layers route route_class include DEFAULT_CHANNEL_LAYER",
        "apps": "ChannelsConfig",
        "asgi": "channel_layers ChannelLayerManager ChannelLayerWrapper InvalidChannelLayerError get_channel_layer",
        "auth": "transfer_user channel_session_user http_session_user channel_session_user_from_http "
        "channel_and_http_session_user_from_http channel_session http_session channel_and_http_session",
        "binding": "Binding",
        "binding.base": "Binding BindingMetaclass CREATE UPDATE DELETE",
        "binding.websockets": "WebsocketBinding WebsocketBindingWithMembers WebsocketMultiplexer "
        "WebsocketDemultiplexer",
        "channel": "Channel Group",
        "delay": "",
        "delay.apps": "DelayConfig",
        "delay.models": "DelayedMessage DelayedMessageQuerySet",
        "delay.worker": "Worker",
        "exceptions": "ConsumeLater ResponseLater RequestTimeout RequestAborted DenyConnection "
        "ChannelSocketException WebsocketCloseException SendNotAvailableOnDemultiplexer",
        "generic": "BaseConsumer",
        "generic.base": "BaseConsumer",
        "generic.websockets": "WebsocketConsumer JsonWebsocketConsumer WebsocketMultiplexer WebsocketDemultiplexer",
        "handler": "AsgiHandler AsgiRequest ViewConsumer",
        "log": "setup_logger",
        "message": "Message pending_message_store",
        "routing": "Router Route RouteClass Include route route_class include null_consumer connect_consumer",
        "security": "",
        "security.websockets": "BaseOriginValidator AllowedHostsOnlyOriginValidator allowed_hosts_only",
        "sessions": "channel_session http_session channel_and_http_session enforce_ordering session_for_reply_channel",
        "signals": "consumer_started consumer_finished worker_ready worker_process_ready",
        "staticfiles": "StaticFilesConsumer",
        "test": "ChannelTestCase TransactionChannelTestCase Client HttpClient WSClient apply_routes",
        "test.base": "ChannelTestCase TransactionChannelTestCase ChannelTestCaseMixin Client apply_routes",
        "test.http": "HttpClient",
        "test.websocket": "WSClient",
        "tests": "ChannelTestCase TransactionChannelTestCase Client HttpClient WSClient apply_routes",
        "utils": "name_that_thing",
        "worker": "Worker",
    }.items()
}
# Names of 1.1.8 without a counterpart, and the words that say so.
NOT_KEPT = {
    "hacks": "patches of Django 1.x",
    "log.handler": "a private part of logging",
    "management": "the commands of Channels 1.x",
    "message.PendingMessageStore": "a private part of messages",
    "package_checks": "checks of versions",
    "sessions.requeue_messages": "order is always strict",
    "sessions.wait_channel_name": "order is always strict",
    "staticfiles.StaticFilesHandler": "HTTP belongs to uwsgi",
    "test.ChannelLiveServerTestCase": "a live server of daphne 1.x",
    "test.liveserver": "a live server of daphne 1.x",
    "worker.WorkerGroup": "the threads of a worker are set by SIGNALBOX_CHANNEL_WORKERS",
}
NATIVE_MODULES = words(
    "db layers consumer middleware testing http generic.websocket generic.http security.websocket "
    "binding.websocket worker.native"
)
NATIVE_NAMES = words(
    "ProtocolTypeRouter URLRouter ChannelNameRouter AuthMiddleware AuthMiddlewareStack SessionMiddleware "
    "SessionMiddlewareStack CookieMiddleware StaticFilesWrapper StopConsumer AcceptConnection get_user "
    "login logout get_default_application database_sync_to_async"
)
OTHER_SERVERS = frozenset(("daphne", "asgi_redis", "asgi_ipc", "asgi_rabbitmq", "asgiref", "channels_redis"))
NATIVE_ASGIREF = words("asgiref.sync asgiref.local asgiref.wsgi asgiref.server asgiref.compatibility")


def is_native(module: str) -> bool:
    """Return whether a module below `channels` came with Channels 2."""
    return any(module == one or module.startswith(f"{one}.") for one in NATIVE_MODULES)


def is_known(module: str) -> bool:
    """Return whether 1.1.8 has a module of this name below `channels`."""
    return module in KEPT_NAMES or any(f"{module}.".startswith(f"{one}.") for one in NOT_KEPT)


def missing(module: str, name: str) -> tuple[str, str] | None:
    """Return the topic and the detail of a name that cannot be imported after the change; None when it can be."""
    full = f"{module}.{name}".strip(".")
    shown = f"channels.{full}"
    if is_native(module) or is_native(full) or name in NATIVE_NAMES:
        return "channels 2", shown
    for one, reason in NOT_KEPT.items():
        if f"{full}.".startswith(f"{one}."):
            return "not kept", f"{shown}: {reason}"
    if name == "*" or full in KEPT_NAMES or name in KEPT_NAMES.get(module, ()) or name.startswith("__"):
        return None
    return "no such name", shown
