"""The package of Channels 1.x for delayed messages, which are not supported yet."""
