"""The name of Channels 1.x for a delayed message. It is no model: there is no table for delayed messages yet."""


class DelayedMessage:
    """A delayed message, which cannot be made yet."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        raise NotImplementedError("delayed messages are not supported yet: send the message from a job of your own")
