"""The channel layer: group names, typed messages, publishing."""


def send_channel_msg(group: str, text: str) -> None:
    """Show a line of text on every deploy console of the service `group` (its uid) that is open right now.

    Callable from anywhere, `manage.py shell` included; inside a transaction the line leaves after the commit. It is
    not stored: text that must not be lost belongs into a run's output or a room.
    """
    from proj.layer.messages import ServiceLine  # not while settings are read
    from proj.layer.publish import publish

    publish(ServiceLine(service=group, text=text))
