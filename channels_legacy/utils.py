"""The former place of the names of consumers, for logs."""

from channels_legacy.support.naming import dotted_name as name_that_thing

__all__ = ["name_that_thing"]
