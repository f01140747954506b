"""The rooms' pages in the dialog of Ctrl+K; the rooms themselves are in the side list of every page."""

from django.utils.translation import gettext_lazy as _

from proj.rooms.models import Room
from proj.site import places

places.register_page(10, _("Rooms"), "rooms:list")
places.register_page(40, _("Search"), "rooms:search")
places.register_page(70, _("Make a room"), "rooms:new")
places.register_admin_page(220, _("Rooms"), "admin:rooms_room_changelist", places.may_view(Room))
