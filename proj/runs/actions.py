"""The actions on services and runs: start, cancel, run again. Views, commands and the clock all call these."""

from collections.abc import Mapping
from datetime import datetime
from typing import TypedDict

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext

from proj.accounts.limits.counting import RUN_STARTS, TooOften
from proj.accounts.models import User
from proj.layer.messages import RunsCancel, RunsWake
from proj.layer.publish import publish, wake
from proj.rooms.models import Room
from proj.runs.catalog import parameters
from proj.runs.choices import Origin, WhenBusy
from proj.runs.models import Run, RunSet, Service
from proj.runs.publishing import announcements, cards
from proj.runs.reasons import reason
from proj.runs.refusals import AlreadyOver, BadParameter, Busy, Disabled, NotAllowed, TooManyStarts
from proj.runs.states import State


class CancelRequest(TypedDict):
    """The fields of a run's row that ask for its end."""

    cancel_requested_by: User | None
    cancel_requested_at: datetime


def start(
    service: Service,
    person: User | None,
    values: Mapping[str, object],
    *,
    room: Room | None = None,
    origin: Origin = Origin.PERSON,
) -> Run:
    """Queue a run of `service` and wake a worker after the commit. `person` is None for a start by the host itself.

    The run's card goes to `room`, or else to the service's room, unless that is archived. The caller has checked that
    `person` may write there.

    Raises NotAllowed, Disabled, BadParameter, Busy or TooManyStarts; nothing is stored then.
    """
    with transaction.atomic():
        if person is not None:
            _spend(person)
        locked = _locked(service, person)
        if not locked.enabled:
            sentence = gettext("{service} is switched off; an administrator can change that.")
            raise Disabled(sentence.format(service=locked))
        described = locked.parameters_described()
        checked = parameters.checked(described, values)
        command = parameters.arguments(locked.command, described, checked)
        _refuse_when_busy(locked)
        card_room = room or locked.room
        locked.last_number += 1
        Service.objects.filter(pk=locked.pk).update(last_number=locked.last_number)
        run = Run.objects.create(
            service=locked,
            number=locked.last_number,
            origin=origin,
            person=person,
            room=card_room if card_room and not card_room.archived_at else None,
            parameters=checked,
            command=command,
        )
        wake(RunsWake())
        publish(announcements.of_state(run), *cards.begun(run))
    return run


def _spend(person: User) -> None:
    """Count one more start of `person`. Raises TooManyStarts."""
    try:
        RUN_STARTS.spend(person)
    except TooOften as error:
        raise TooManyStarts(error) from None


def _locked(service: Service, person: User | None) -> Service:
    """Return the service's row, locked: starts and claims of one service come one after the other."""
    services = Service.objects.all() if person is None else Service.objects.for_runners(person)
    if person is not None and not person.is_active:
        services = services.none()
    locked: Service | None = services.select_for_update().filter(pk=service.pk).first()
    if locked is None:
        sentence = gettext("You may not start {service}; an administrator can let you.")
        raise NotAllowed(sentence.format(service=service.uid))
    return locked


def _refuse_when_busy(service: Service) -> None:
    if service.when_busy == WhenBusy.QUEUE:
        return
    active = list(service.runs.active().order_by().select_related("person")[: service.concurrency])
    if len(active) >= service.concurrency:
        one = active[0]
        if one.person:
            sentence = gettext("{run} is {state}, started by {name}. Wait for its end, or cancel it.")
        else:
            sentence = gettext("{run} is {state}. Wait for its end, or cancel it.")
        raise Busy(sentence.format(run=one, state=one.get_state_display().lower(), name=one.person))


def cancel(run: Run, person: User | None) -> Run:
    """End a run: a queued one now, a running one as soon as its worker has signalled its launcher. Harmless to repeat.

    Raises NotAllowed, or AlreadyOver.
    """
    if person is not None and not _runs_of(person).filter(pk=run.pk).exists():
        raise NotAllowed(gettext("You may not cancel runs of {service}.").format(service=run.service))
    request: CancelRequest = {"cancel_requested_by": person, "cancel_requested_at": timezone.now()}
    why = reason("canceled_before_by", name=str(person)) if person else reason("canceled_before_on_host")
    with transaction.atomic():
        one = Run.objects.filter(pk=run.pk)
        was_queued = one.queued().move(State.CANCELED, settled=True, **why, **request)
        if not was_queued:
            one.running().filter(cancel_requested_at=None).update(**request)
        found = one.select_related("service", "person").get()
        if found.state not in (State.RUNNING, State.CANCELED):
            sentence = gettext("{run} is over: {state}.")
            raise AlreadyOver(sentence.format(run=found, state=found.get_state_display().lower()))
        if found.state == State.RUNNING:
            wake(RunsCancel(run=str(run.pk)))
        publish(announcements.of_state(found), *(cards.ended([found]) if was_queued else cards.of_state(found)))
    return found


def again(run: Run, person: User | None, *, room: Room | None = None, origin: Origin = Origin.PERSON) -> Run:
    """Start the same service with the same values, and in the same room if `person` may write there.

    Raises as start() does: the service may have changed.
    """
    check_runner(run, person)
    if room is None:
        room = run.room if person is None else Room.objects.of(person).filter(runs=run).first()
    return start(run.service, person, run.parameters, room=room, origin=origin)


def check_runner(run: Run, person: User | None) -> None:
    """Raise NotAllowed unless `person` may start the run's service. The host, None, always may."""
    if person is not None and not _runs_of(person).filter(pk=run.pk).exists():
        sentence = gettext("You may not start {service}; an administrator can let you.")
        raise NotAllowed(sentence.format(service=run.service.uid))


def _runs_of(person: User) -> RunSet:
    return Run.objects.for_runners(person)


def named(text: list[str]) -> dict[str, str]:
    """Return the values for start() from words like `name=value`. Raises BadParameter."""
    values: dict[str, str] = {}
    for word in text:
        name, equals, value = word.partition("=")
        if not equals or name in values:
            sentence = gettext("Give each parameter once, as name=value: {word}.")
            raise BadParameter(name, sentence.format(word=repr(word)))
        values[name] = value
    return values
