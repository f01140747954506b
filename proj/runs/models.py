"""Services, their runs, and the output of these."""

import pwd
import re
import uuid
import zlib
from collections.abc import Collection
from typing import Any, ClassVar, Self

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import Q
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from proj.accounts.access import AccessSet
from proj.accounts.models import User
from proj.accounts.preferences import RunEnds
from proj.rooms.models import Room
from proj.runs.catalog import encodings, parameters, schedules
from proj.runs.catalog.parameters import Parameter
from proj.runs.choices import Audience, Missed, Origin, OverLimit, WhenBusy, passed_on
from proj.runs.states import ACTIVE, AFTER, ENDED, State

CHUNK = 32 * 1024  # bytes of output in a chunk, at most
USER_NAME = re.compile(r"[a-z_][a-z0-9_-]{0,30}[a-z0-9_$-]?")
PACKED_FROM = 1024  # bytes; below, packing gains little


class ServiceSet(AccessSet["Service"]):
    """Services, by the rights of a person."""

    access_fields = frozenset({"run_by", "seen_by"})

    def for_viewers(self, user: User) -> Self:
        """Return the services that `user` may see, with their runs and output. The right to start one includes this."""
        if user.is_staff:
            return self
        return self.filter(_open_to(user))

    def viewable_by(self, people: Collection[User]) -> set[tuple[int, int]]:
        """Return for_viewers() of many people at once: the ids of each service and of each person that may see it."""
        services = set(self.values_list("pk", flat=True))
        everyone = Q(seen_by=Audience.EVERYONE) | Q(run_by=Audience.EVERYONE)
        unlisted = set(self.filter(everyone).values_list("pk", flat=True))
        pairs = {(id, person.pk) for person in people for id in (services if person.is_staff else unlisted)}
        for listed in (Service.viewers.through, Service.runners.through):
            found = listed.objects.filter(service__in=services - unlisted, user__in=people)
            pairs.update(found.values_list("service", "user"))
        return pairs

    def for_runners(self, user: User) -> Self:
        """Return the services that `user` may start, with runs that `user` may cancel."""
        if user.is_staff:
            return self
        return self.filter(_may_run(user))


def _may_run(user: User) -> Q:
    listed = Service.runners.through.objects.filter(user=user).values("service")
    return Q(run_by=Audience.EVERYONE) | Q(pk__in=listed)


def _open_to(user: User) -> Q:
    listed = Service.viewers.through.objects.filter(user=user).values("service")
    return Q(seen_by=Audience.EVERYONE) | Q(pk__in=listed) | _may_run(user)


class Service(models.Model):
    """A command that people may run, with their rights and its limits."""

    uid = models.SlugField(max_length=60, unique=True, help_text="its name in addresses and commands, as in /run web1")
    name = models.CharField(max_length=100, help_text="as people read it")
    description = models.TextField(blank=True)
    command = models.JSONField(
        help_text="The program and its arguments as a list. No shell reads it. "
        'A parameter is a whole element, "{version}", or the end of one, "--version={version}".'
    )
    directory = models.CharField(max_length=500, blank=True, help_text="Where it runs; empty: the worker's home.")
    run_as = models.CharField(
        max_length=32,
        blank=True,
        default="",
        db_default="",
        help_text="The user of the host that runs it, by sudo; empty: the user of Signalbox, who can read its database "
        "and keys. Print the rules for sudo with: manage.py services --sudoers",
    )
    environment = models.JSONField(
        default=passed_on, blank=True, help_text="Names of variables that it gets from the worker's environment."
    )
    values = models.JSONField(default=dict, blank=True, help_text="Further variables, with their values; no secrets.")
    parameters = models.JSONField(
        default=list, blank=True, help_text="What people may choose; docs/runs.md has the form."
    )
    timeout = models.PositiveIntegerField(
        default=3600, validators=[MinValueValidator(1)], help_text="Seconds until it is ended."
    )
    grace = models.PositiveIntegerField(
        default=10, validators=[MaxValueValidator(3600)], help_text="Seconds from TERM to KILL."
    )
    concurrency = models.PositiveIntegerField(
        default=1, validators=[MinValueValidator(1)], help_text="How many of its runs there may be at once."
    )
    when_busy = models.CharField(max_length=10, choices=WhenBusy.choices, default=WhenBusy.REFUSE)
    output_limit = models.PositiveBigIntegerField(
        default=100_000_000, validators=[MinValueValidator(1000)], help_text="Bytes of output that are kept of one run."
    )
    over_limit = models.CharField(
        max_length=10, choices=OverLimit.choices, default=OverLimit.GO_ON, help_text="A command that prints more ..."
    )
    encoding = models.CharField(
        max_length=40, default="utf-8", db_default="utf-8", help_text="Of its output: utf-8, gbk, shift_jis, ..."
    )
    keep_days = models.PositiveIntegerField(
        null=True, blank=True, default=90, help_text="Days that ended runs are kept; empty: for ever."
    )
    keep_runs = models.PositiveIntegerField(
        null=True, blank=True, validators=[MinValueValidator(1)], help_text="Ended runs that are kept; empty: all."
    )
    schedule = models.CharField(
        max_length=100,
        blank=True,
        help_text="When it starts by itself, as in a crontab: 30 4 * * mon-fri",
    )
    time_zone = models.CharField(max_length=60, default="UTC", help_text="Of the schedule: UTC, Asia/Shanghai, ...")
    missed = models.CharField(
        max_length=10, choices=Missed.choices, default=Missed.SKIP, help_text="Times that passed while all was down."
    )
    next_at = models.DateTimeField(null=True, editable=False, help_text="the next scheduled time")
    run_by = models.CharField(max_length=10, choices=Audience.choices, default=Audience.LISTED)
    runners = models.ManyToManyField(User, blank=True, related_name="+", help_text="Who may start it.")
    seen_by = models.CharField(max_length=10, choices=Audience.choices, default=Audience.EVERYONE)
    viewers = models.ManyToManyField(User, blank=True, related_name="+", help_text="Who may see its runs.")
    room = models.ForeignKey(
        Room, on_delete=models.SET_NULL, null=True, blank=True, related_name="services", help_text="Hears of its runs."
    )
    enabled = models.BooleanField(default=True, help_text="Off: nobody can start it; its runs stay to be read.")
    last_number = models.PositiveBigIntegerField(default=0, editable=False)

    objects: ClassVar[models.Manager["Service"]] = models.Manager.from_queryset(ServiceSet)()

    class Meta:
        ordering = ["uid"]
        verbose_name = _("service")
        verbose_name_plural = _("services")

    def __str__(self) -> str:
        return self.uid

    def save(self, *args: Any, **kwargs: Any) -> None:
        scheduled_as_before = not self._state.adding and self._scheduled_as_before()
        if not scheduled_as_before:
            self.next_at = schedules.after(timezone.now(), self.schedule, self.time_zone) if self.schedule else None
        if not self._state.adding and not kwargs.get("update_fields"):
            # Starts and the clock change these two fields while a form is open; and a time that is due stays due.
            fields = {field.name for field in self._meta.concrete_fields if not field.primary_key}
            kwargs["update_fields"] = fields - {"last_number"} - ({"next_at"} if scheduled_as_before else set())
        with transaction.atomic():  # with the record of a change of access
            super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return _address("runs:service", self.uid)

    def clean(self) -> None:
        """Refuse a service that could not be run, at the field that is wrong."""
        found: list[Parameter] | None = None
        try:
            found = self.parameters_described()
        except parameters.BadDescription as error:
            raise ValidationError({"parameters": str(error)}) from None
        try:
            parameters.check_command(self.command, found)
        except parameters.BadDescription as error:
            raise ValidationError({"command": str(error)}) from None
        _check_environment(self.environment, self.values)
        if self.run_as:
            _check_user(self.run_as, self.command[0])
        if problem := encodings.problem(self.encoding):
            raise ValidationError({"encoding": problem})
        if self.directory and not self.directory.startswith("/"):
            raise ValidationError({"directory": "The directory is an absolute path."})
        try:
            schedules.checked(self.schedule, self.time_zone)
        except schedules.BadSchedule as error:
            raise ValidationError({error.field: str(error)}) from None
        if self.schedule and any(p.required and p.default is None for p in found):
            raise ValidationError({"schedule": "A scheduled service needs defaults for its required parameters."})

    def parameters_described(self) -> list[Parameter]:
        """Return the parameters of the service. Raises parameters.BadDescription."""
        return parameters.described(self.parameters)

    def _scheduled_as_before(self) -> bool:
        same = {"schedule": self.schedule, "time_zone": self.time_zone, "enabled": self.enabled}
        return Service.objects.filter(pk=self.pk, **same).exists()


def _check_environment(environment: object, values: object) -> None:
    def name(text: object) -> bool:
        return isinstance(text, str) and text != "" and "=" not in text and "\0" not in text

    if not isinstance(environment, list) or not all(name(one) for one in environment):
        raise ValidationError({"environment": "A list of names of variables."})
    if not isinstance(values, dict) or not all(
        name(key) and isinstance(value, str) and "\0" not in value for key, value in values.items()
    ):
        raise ValidationError({"values": 'Names with texts: {"MODE": "live"}.'})


def _check_user(name: str, program: str) -> None:
    """Refuse a `run_as` that sudo would read as something else than a user, or that is root."""
    if not USER_NAME.fullmatch(name):
        raise ValidationError({"run_as": "The name of a user: small letters, digits, - and _."})
    if _is_root(name) and not settings.RUN_AS_ROOT:
        raise ValidationError({"run_as": "No service runs as root, unless SIGNALBOX_RUN_AS_ROOT allows it."})
    if not program.startswith("/"):
        raise ValidationError({"command": "With run_as the program is an absolute path: sudo's rules name it."})


def _is_root(name: str) -> bool:
    try:
        return pwd.getpwnam(name).pw_uid == 0
    except KeyError:  # a user of another host of this installation perhaps
        return name == "root"


class RunSet(models.QuerySet["Run"]):
    """Runs, by the rights of a person and by state; and move(), the one way to change a state."""

    def for_viewers(self, user: User) -> Self:
        """Return the runs that `user` may see."""
        return self.filter(service__in=Service.objects.for_viewers(user))

    def for_runners(self, user: User) -> Self:
        """Return the runs that `user` may cancel and start again."""
        return self.filter(service__in=Service.objects.for_runners(user))

    # A run that has not ended is not settled either. With that condition these queries use indexes without old runs,
    # even when SQLite's ANALYZE has misjudged the states.

    def active(self) -> Self:
        """Return the runs that have not ended."""
        return self.filter(state__in=ACTIVE, settled=False)

    def queued(self) -> Self:
        """Return the runs that wait for a worker."""
        return self.filter(state=State.QUEUED, settled=False)

    def running(self) -> Self:
        """Return the runs that a worker has claimed."""
        return self.filter(state=State.RUNNING, settled=False)

    def ended(self) -> Self:
        """Return the runs that have ended."""
        return self.filter(state__in=ENDED)

    def move(self, to: State, **values: Any) -> int:
        """Set the state `to` of the runs that may go there; return their number. No other code changes a state."""
        if to in ENDED:
            values = {"ended_at": timezone.now()} | values
        return self.filter(state__in=AFTER[to]).update(state=to, **values)


class Run(models.Model):
    """One run of a service. The row is the queue entry, and later the record."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    service = models.ForeignKey(Service, on_delete=models.PROTECT, related_name="runs")
    number = models.PositiveBigIntegerField(help_text="counts the service's runs: web1 #17")
    state = models.CharField(max_length=10, choices=State.choices, default=State.QUEUED)
    origin = models.CharField(max_length=10, choices=Origin.choices, default=Origin.PERSON)
    person = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="runs")
    room = models.ForeignKey(Room, on_delete=models.SET_NULL, null=True, related_name="runs")
    card = models.PositiveBigIntegerField(null=True, help_text="the seq of its card in the room")
    parameters = models.JSONField(default=dict)
    command = models.JSONField(help_text="the argument list, values in their places")
    created_at = models.DateTimeField(default=timezone.now)
    claimed_at = models.DateTimeField(null=True)
    started_at = models.DateTimeField(null=True, help_text="when the command was running")
    ended_at = models.DateTimeField(null=True)
    exit_code = models.IntegerField(null=True)
    signal = models.PositiveSmallIntegerField(null=True, help_text="the signal that ended it")
    reason = models.TextField(blank=True, help_text="why it ended so, in an English sentence")
    why = models.TextField(blank=True, default="", db_default="", help_text="the same for reasons.py, as JSON")
    bytes = models.PositiveBigIntegerField(default=0, help_text="of output that are stored")
    lines = models.PositiveBigIntegerField(default=0, help_text="newlines in them")
    chunks = models.PositiveBigIntegerField(default=0, help_text="the newest chunk's seq")
    progress = models.PositiveSmallIntegerField(null=True, help_text="0 to 100, as the command says")
    progress_text = models.CharField(max_length=200, blank=True)
    cancel_requested_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    cancel_requested_at = models.DateTimeField(null=True)
    # The lease, until the run is settled. Without a lease any worker of the host may adopt the run.
    worker = models.CharField(max_length=120, blank=True)
    lease_until = models.DateTimeField(null=True)
    beat_at = models.DateTimeField(null=True, help_text="when its worker last said so")
    host = models.CharField(max_length=100, blank=True)
    boot = models.CharField(max_length=40, blank=True, help_text="the host's boot id")
    launcher_pid = models.PositiveIntegerField(null=True)
    launcher_start = models.PositiveBigIntegerField(null=True, help_text="clock ticks from boot to its start")
    settled = models.BooleanField(default=False, help_text="ended, and nothing of it is left to archive")

    objects: ClassVar[models.Manager["Run"]] = models.Manager.from_queryset(RunSet)()

    class Meta:
        ordering = ["-created_at"]
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        constraints = [models.UniqueConstraint(fields=["service", "number"], name="run_number_once")]
        indexes = [
            models.Index(fields=["service", "-created_at"], name="run_newest"),
            models.Index(fields=["-created_at"], name="run_created"),
            # whole: SQLite uses no index of some states only where the state is a parameter
            models.Index(fields=["state", "created_at"], name="run_state"),
            models.Index(fields=["service", "state", "created_at"], name="run_service_state"),
            models.Index(fields=["host"], condition=Q(settled=False), name="run_unsettled"),
            models.Index(fields=["service", "state", "created_at"], condition=Q(settled=False), name="run_open"),
        ]

    def __str__(self) -> str:
        return f"{self.service} #{self.number}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Insert the run. Later changes are conditional updates: raises TypeError."""
        if not self._state.adding:
            raise TypeError("a run changes by RunSet.move() and conditional updates, never by save()")
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return _address("runs:run", str(self.pk))


class Chunk(models.Model):
    """A piece of a run's output, until the run is archived. Never ends inside a character."""

    run = models.ForeignKey(Run, on_delete=models.CASCADE, related_name="+")
    seq = models.PositiveBigIntegerField(help_text="1, 2, 3, ... without holes")
    offset = models.PositiveBigIntegerField(help_text="bytes before it")
    line = models.PositiveBigIntegerField(help_text="the number of the line that its first byte is in, from 1")
    data = models.BinaryField()
    packed = models.BooleanField(default=False, help_text="data is output as zlib packs it")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["run", "seq"], name="chunk_seq_once")]
        indexes = [
            models.Index(fields=["run", "offset"], name="chunk_offset"),
            models.Index(fields=["run", "line"], name="chunk_line"),
        ]

    def __str__(self) -> str:
        return f"{self.run_id} {self.seq}"

    @classmethod
    def of(cls, run: Run, seq: int, offset: int, line: int, output: bytes) -> Self:
        """Return a chunk to store, packed where that saves space. SQLite has one writer at a time: the fewer bytes a
        loud run writes, the less do others wait."""
        small = zlib.compress(output, 1) if len(output) >= PACKED_FROM else output
        packed = len(small) < len(output)
        chunk = cls(run=run, seq=seq, offset=offset, line=line, data=small if packed else output, packed=packed)
        chunk.output = output
        return chunk

    @cached_property
    def output(self) -> bytes:
        """The output of the chunk, unpacked."""
        return zlib.decompress(self.data) if self.packed else bytes(self.data)


class Archive(models.Model):
    """The whole output of a run as one gzip file with parts that can be read one by one."""

    run = models.OneToOneField(Run, on_delete=models.CASCADE, primary_key=True, related_name="archive")
    file = models.CharField(max_length=200, help_text="its name in the storage")
    size = models.PositiveBigIntegerField(help_text="bytes of the file")
    index = models.JSONField(help_text="for each part: byte offset, first line, place in the file")

    def __str__(self) -> str:
        return self.file

    @property
    def length(self) -> int:
        """The bytes of output in the archive."""
        return int(self.index[-1][0])


class Deleted(models.Model):
    """The number of deleted runs that ended in this state; see counting.py."""

    state = models.CharField(max_length=10, choices=State.choices, primary_key=True)
    runs = models.PositiveBigIntegerField(default=0)

    def __str__(self) -> str:
        return f"{self.state}: {self.runs}"


class EndChoice(models.Model):
    """A person's choice which ends of one service's runs call them, instead of the choices in their preferences."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", db_index=False)
    service = models.ForeignKey(Service, on_delete=models.CASCADE, related_name="end_choices")
    ends = models.CharField(max_length=10, choices=RunEnds.choices)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "service"], name="end_choice_once")]

    def __str__(self) -> str:
        return f"{self.ends} of {self.service} for {self.user}"

    @classmethod
    def of(cls, user: User, service: Service) -> str:
        """Return the choice of `user` for the runs of `service`; an empty text: there is none."""
        return cls.objects.filter(user=user, service=service).values_list("ends", flat=True).first() or ""

    @classmethod
    def keep(cls, user: User, service: Service, ends: str) -> None:
        """Store the choice; an empty text: the preferences decide."""
        if ends:
            cls.objects.update_or_create(user=user, service=service, defaults={"ends": RunEnds(ends)})
        else:
            cls.objects.filter(user=user, service=service).delete()


class Lead(models.Model):
    """The process that leads: the one clock that does the work; see upkeep/leadership.py."""

    name = models.CharField(max_length=40, primary_key=True)
    holder = models.CharField(max_length=120)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name}: {self.holder}"


def _address(name: str, argument: str) -> str:
    try:
        return reverse(name, args=[argument])
    except NoReverseMatch:  # this process has no pages
        return ""
