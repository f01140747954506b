"""Rooms, their members and messages in Django's admin. Every change of a log goes through the room's verbs."""

from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlencode

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from proj.accounts.models import User
from proj.accounts.web.confirming import confirmed
from proj.rooms import managing, names
from proj.rooms.log.frames import Kind
from proj.rooms.models import Event, Membership, Room
from proj.text import unseen

if TYPE_CHECKING:
    Members = admin.TabularInline[Membership, Room]
    Rooms = admin.ModelAdmin[Room]
    Events = admin.ModelAdmin[Event]
    RoomsForm = forms.ModelForm[Room]
else:
    Members = admin.TabularInline  # these take no type argument when they run
    Rooms = Events = admin.ModelAdmin
    RoomsForm = forms.ModelForm


class MembershipInline(Members):
    """The members of a members-only room."""

    model = Membership
    autocomplete_fields = ["user"]
    readonly_fields = ["since"]
    extra = 0

    def has_change_permission(self, request: HttpRequest, obj: Room | None = None) -> bool:
        return False  # a membership has nothing to change


class RoomForm(RoomsForm):
    """The fields of a room that an administrator may change."""

    def clean_name(self) -> str:
        try:
            name = names.checked(self.cleaned_data["name"])
        except names.BadRoomName as error:
            raise forms.ValidationError(error.message) from None
        if Room.objects.filter(key=names.key(name)).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(Room.NameTaken.message)
        return name


@admin.register(Room)
@method_decorator(confirmed, name="changeform_view")
class RoomAdmin(Rooms):
    """A room is archived rather than deleted: its log is the record."""

    form = RoomForm
    inlines = [MembershipInline]
    actions = ["archive", "unarchive"]
    list_display = ["name", "members_only", "owner", "archived_at", "keep_days", "keep_messages", "messages"]
    list_filter = ["members_only", "archived_at"]
    list_select_related = ["owner"]
    search_fields = ["name"]
    autocomplete_fields = ["owner"]
    fields = [
        "name",
        "members_only",
        "owner",
        "keep_days",
        "keep_messages",
        "archived_at",
        "epoch",
        "seq",
        "pruned",
        "created_at",
    ]
    readonly_fields = ["archived_at", "epoch", "seq", "pruned", "created_at"]

    @admin.display(description=_("messages"))
    def messages(self, room: Room) -> str:
        query = urlencode({"room__id__exact": room.pk, "kind__exact": Kind.POSTED.value})
        return format_html('<a href="{}?{}">{}</a>', reverse("admin:rooms_event_changelist"), query, _("Look"))

    @admin.action(description=_("Archive the selected rooms"), permissions=["change"])
    def archive(self, request: HttpRequest, rooms: QuerySet[Room]) -> None:
        for room in rooms:
            managing.archive(room, _person(request))

    @admin.action(description=_("Take the selected rooms out of the archive"), permissions=["change"])
    def unarchive(self, request: HttpRequest, rooms: QuerySet[Room]) -> None:
        for room in rooms:
            managing.unarchive(room, _person(request))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Room]:
        return super().get_queryset(request).filter(hidden=False)

    def has_delete_permission(self, request: HttpRequest, obj: Room | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Room, form: Any, change: bool) -> None:
        """Save only the changed fields: people write meanwhile, and the log's head is in the same row."""
        if not change:
            obj.owner = obj.owner or _person(request)
            managing.begin(obj, _person(request))
            return
        name, obj.name = obj.name, form.initial["name"]
        managing.rename(obj, name, _person(request))
        obj.save(update_fields=["members_only", "owner", "keep_days", "keep_messages"])

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Add and remove members by the room's verbs, which publish it to the people in the room."""
        formset.save(commit=False)
        for member in formset.new_objects:
            member.room.add_member(member.user, _person(request))
        for member in formset.deleted_objects:
            member.room.remove_member(member.user, _person(request))


class ReasonForm(forms.Form):
    """The reason of a removal, which everybody in the room reads."""

    reason = forms.CharField(label=_("Reason"), max_length=200)


@admin.register(Event)
class EventAdmin(Events):
    """Events can be read, and messages removed. Any other change would never reach the open pages of the room."""

    actions = ["remove"]
    list_display = ["room", "seq", "kind", "author", "at", "beginning"]
    list_filter = ["kind"]
    list_select_related = ["room", "author"]
    search_fields = ["room__name", "author__username", "text"]
    ordering = ["-id"]
    show_full_result_count = False  # counting millions of rows takes longer than reading one page of them

    @admin.display(description=_("text"))
    def beginning(self, event: Event) -> str:
        return unseen.shown(event.text[:80])

    @admin.action(description=_("Remove the selected messages, with a reason"), permissions=["removal"])
    def remove(self, request: HttpRequest, events: QuerySet[Event]) -> HttpResponse | None:
        chosen = list(events.filter(kind=Kind.POSTED, deleted_at=None).select_related("room", "author"))
        form = ReasonForm(request.POST if "confirmed" in request.POST else None)
        if form.is_valid():
            for event in chosen:
                managing.remove_message(event.room, event.seq, _person(request), form.cleaned_data["reason"])
                self.log_change(request, event, f"Removed: {form.cleaned_data['reason']}")
            count = len(chosen)
            words = ngettext("%d message removed.", "%d messages removed.", count) % count
            self.message_user(request, words, messages.SUCCESS)
            return None
        context = {
            **self.admin_site.each_context(request),
            "title": _("Remove messages"),
            "chosen": chosen,
            "form": form,
        }
        return TemplateResponse(request, "rooms/admin_remove.html", context)

    def has_removal_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("rooms.delete_event")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        return False


def _person(request: HttpRequest) -> User:
    return cast("User", request.user)
