"""The record of one session."""

import hashlib
from collections.abc import Collection
from datetime import timedelta
from typing import ClassVar, Self

from django.db import IntegrityError, models, transaction
from django.db.models import Max, Q
from django.utils import timezone

from proj.accounts.records.agents import Device

SEEN_PERIOD = timedelta(seconds=60)  # between two writes of one record's `seen_at`
NEWS_AGE = timedelta(days=30)  # for which the sign-in of a new device is news
MAX_RECORD_AGE = timedelta(days=60)  # of an ended session: its sign-in may still be news


def hash_of(session_key: str) -> str:
    """Return the hash by which the record of a session is found. The key has 165 random bits: no salt is needed."""
    return hashlib.sha256(session_key.encode()).hexdigest()


class SessionRecords(models.QuerySet["SessionRecord"]):
    """Queries for records, and the updates that every one of them goes through."""

    def lasting(self) -> Self:
        """Return the records of sessions that nobody has ended. Some of the sessions may have expired since."""
        return self.filter(ended_at=None)

    def begin(self, user_id: int, session_key: str, device: Device, address: str | None, *, known: bool) -> bool:
        """Store the record of a session that has just begun. `known`: its device has a cookie of an earlier sign-in.
        Return whether it is a new device of a person that has signed in before.
        """
        before = self.filter(user_id=user_id)
        told = before.filter(new_device=False).aggregate(newest=Max("told"))["newest"] or 0
        new_device = not known and before.exists()
        self._insert(
            user_id=user_id,
            key_hash=hash_of(session_key),
            browser=device.browser,
            system=device.system,
            address=address,
            signed_in_at=timezone.now(),
            new_device=new_device,
            told=told,
        )
        return new_device

    def see(self, user_id: int, session_key: str, device: Device, address: str | None) -> bool:
        """Note that a request of this session came now. Return whether the session had no record until now.

        It writes at most once in SEEN_PERIOD, whichever process asks.
        """
        now = timezone.now()
        mine = self.filter(key_hash=hash_of(session_key))
        seen = mine.values_list("seen_at", flat=True).first()
        if seen is None:
            names = {"browser": device.browser, "system": device.system}
            return self._insert(user_id=user_id, key_hash=hash_of(session_key), address=address, **names)
        if seen < now - SEEN_PERIOD:
            mine.filter(seen_at__lt=now - SEEN_PERIOD).update(seen_at=now, address=address)
        return False

    def see_open(self, session_keys: Collection[str]) -> None:
        """Note that these sessions have a page open now; at most once in SEEN_PERIOD, as see() does."""
        now = timezone.now()
        old = self.filter(key_hash__in=[hash_of(key) for key in session_keys], seen_at__lt=now - SEEN_PERIOD)
        if stale := list(old.values_list("pk", flat=True)):  # SQLite locks for an UPDATE even without a row
            self.filter(pk__in=stale, seen_at__lt=now - SEEN_PERIOD).update(seen_at=now)

    def news(self, user_id: int, session_key: str) -> list["SessionRecord"]:
        """Return the records of new devices that this session's pages have not shown yet."""
        recent = Q(new_device=True, signed_in_at__gt=timezone.now() - NEWS_AGE)
        rows = list(self.filter(recent | Q(key_hash=hash_of(session_key)), user_id=user_id))
        mine = next((row for row in rows if row.key_hash == hash_of(session_key)), None)
        return [row for row in rows if mine and row != mine and row.new_device and row.pk > mine.told]

    def tell(self, session_key: str, news: Collection["SessionRecord"]) -> None:
        """Note that a page of this session shows these records."""
        self.filter(key_hash=hash_of(session_key)).update(told=max(row.pk for row in news))

    def move(self, old_key: str, new_key: str | None) -> None:
        """Follow a session to its new key, which Django gives it with a new password. Without a key, or when the new
        key has a record already, the old session has ended.
        """
        old = self.filter(key_hash=hash_of(old_key))
        if new_key is None or self.filter(key_hash=hash_of(new_key)).exists():
            old.end()
        else:
            old.update(key_hash=hash_of(new_key))

    def end(self) -> None:
        """Mark these records: their sessions have ended."""
        self.lasting().update(ended_at=timezone.now())

    def delete_old(self) -> None:
        """Delete the records of sessions that ended long ago."""
        self.filter(ended_at__lt=timezone.now() - MAX_RECORD_AGE).delete()

    def _insert(self, **values: object) -> bool:
        """Return whether the record is new: another request of the session may have stored it a moment ago."""
        try:
            with transaction.atomic():
                self.create(**values)
        except IntegrityError:
            return False
        return True


class SessionRecord(models.Model):
    """The device, address and times of one session. A session's key is as good as a password: only its hash is here."""

    user = models.ForeignKey("accounts.User", on_delete=models.CASCADE, related_name="session_records")
    key_hash = models.CharField(max_length=64, unique=True)
    browser = models.CharField(max_length=20, blank=True)
    system = models.CharField(max_length=20, blank=True)
    address = models.GenericIPAddressField(null=True, help_text="of the newest request")
    signed_in_at = models.DateTimeField(null=True, help_text="unknown for a session that is older than its record")
    seen_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    new_device = models.BooleanField(default=False, help_text="the person had never signed in on this device before")
    told = models.PositiveBigIntegerField(default=0, help_text="the newest record that this session was told of")

    objects: ClassVar[models.Manager["SessionRecord"]] = models.Manager.from_queryset(SessionRecords)()

    class Meta:
        indexes = [models.Index(fields=["ended_at"], name="session_record_ended")]

    def __str__(self) -> str:
        return f"{self.user}: {self.device}"

    @property
    def device(self) -> Device:
        """The browser and the system."""
        return Device(self.browser, self.system)
