"""Rooms and their members in Django's admin; the log of events can be looked at and nothing else."""

from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from proj.accounts.models import User
from proj.rooms.models import Event, Membership, Room

if TYPE_CHECKING:
    Members = admin.TabularInline[Membership, Room]
    Rooms = admin.ModelAdmin[Room]
    Events = admin.ModelAdmin[Event]
else:
    Members = admin.TabularInline  # these take no type argument when they run
    Rooms = Events = admin.ModelAdmin


class MembershipInline(Members):
    """Who is in a members-only room."""

    model = Membership
    autocomplete_fields = ["user"]
    readonly_fields = ["since"]
    extra = 0

    def has_change_permission(self, request: HttpRequest, obj: Room | None = None) -> bool:
        return False  # somebody is in a room or is not


@admin.register(Room)
class RoomAdmin(Rooms):
    """A room is archived rather than deleted: its log is the record."""

    inlines = [MembershipInline]
    list_display = ["name", "members_only", "archived_at", "seq", "created_at"]
    list_filter = ["members_only", "archived_at"]
    search_fields = ["name"]
    fields = ["name", "members_only", "archived_at", "epoch", "seq", "created_at"]
    readonly_fields = ["epoch", "seq", "created_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Room]:
        return super().get_queryset(request).filter(hidden=False)

    def has_delete_permission(self, request: HttpRequest, obj: Room | None = None) -> bool:
        return False

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Members come and go by the room's verbs, which tell the people in it."""
        by = cast("User", request.user)
        formset.save(commit=False)
        for member in formset.new_objects:
            member.room.add_member(member.user, by)
        for member in formset.deleted_objects:
            member.room.remove_member(member.user, by)


@admin.register(Event)
class EventAdmin(Events):
    """To look at only: a change here would leave browsers with another room than the database."""

    list_display = ["room", "seq", "kind", "author", "at", "beginning"]
    list_filter = ["kind"]
    list_select_related = ["room", "author"]
    search_fields = ["room__name", "author__username", "text"]
    ordering = ["-id"]
    show_full_result_count = False  # counting millions of rows takes longer than reading a page of them

    @admin.display(description=_("text"))
    def beginning(self, event: Event) -> str:
        return event.text[:80]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Event | None = None) -> bool:
        return False
