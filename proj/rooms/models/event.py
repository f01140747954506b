"""The log of a room: its events, and how far its readers and its search index have come in it."""

import json

from django.db import models

from proj.accounts.models import User
from proj.rooms.log import frames


class Event(models.Model):
    """Something that changed a room. A message is the event that posted it, and holds its present text."""

    room = models.ForeignKey("rooms.Room", on_delete=models.CASCADE, related_name="events")
    seq = models.PositiveBigIntegerField(help_text="its number in the room, without holes")
    kind = models.CharField(max_length=20, choices=frames.Kind.choices)
    author = models.ForeignKey(User, on_delete=models.PROTECT, related_name="events")
    client_id = models.CharField(max_length=36, help_text="the author's own name for it")
    text = models.TextField(blank=True)
    html = models.TextField(blank=True, default="", db_default="", help_text="what markup.py made of the text")
    reactions = models.TextField(blank=True, default="", db_default="", help_text="JSON: emoji to names, in order")
    target = models.PositiveBigIntegerField(null=True, help_text="the message that was edited or deleted")
    at = models.DateTimeField()
    edited_at = models.DateTimeField(null=True)
    deleted_at = models.DateTimeField(null=True)
    removal = models.TextField(blank=True, default="", db_default="", help_text="why an administrator removed it")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["room", "seq"], name="event_seq_once"),
            # client_id first: the look-up for repeats has many of them and one index probe for each
            models.UniqueConstraint(fields=["client_id", "author"], name="event_client_id_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.seq}"

    def frame(self) -> frames.EventFrame:
        """Return the event in the protocol's form, with the message's present state."""
        return frames.event(
            self.kind,
            self.seq,
            self.author.username,
            self.text,
            self.at,
            self.client_id,
            name=self.author.display_name,
            html=self.html,
            message=self.target,
            edited=self.edited_at,
            deleted=self.deleted_at,
            removed=self.removal,
            reactions=json.loads(self.reactions) if self.reactions else None,
        )


class Seen(models.Model):
    """The position up to which a person has read a room."""

    room = models.ForeignKey("rooms.Room", on_delete=models.CASCADE, related_name="seen")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="seen")
    seq = models.PositiveBigIntegerField()

    class Meta:
        verbose_name_plural = "seen"
        constraints = [models.UniqueConstraint(fields=["room", "user"], name="seen_once")]

    def __str__(self) -> str:
        return f"{self.user} has seen {self.room} up to {self.seq}"


class Indexed(models.Model):
    """The position up to which a room's log is in the index of words."""

    room = models.OneToOneField("rooms.Room", on_delete=models.CASCADE, primary_key=True, related_name="indexed")
    seq = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.room} up to {self.seq}"
