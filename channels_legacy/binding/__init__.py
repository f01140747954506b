"""Bindings between models and sockets: changes of rows go out to groups, and frames change rows."""

from channels_legacy.binding.base import Binding

__all__ = ["Binding"]
