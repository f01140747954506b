"""Services in Django's admin, and runs to read."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils.decorators import method_decorator
from django.utils.translation import gettext_lazy as _

from proj.accounts.web.confirming import confirmed
from proj.runs.models import Run, Service

if TYPE_CHECKING:
    Services = admin.ModelAdmin[Service]
    Runs = admin.ModelAdmin[Run]
    ServiceModelForm = forms.ModelForm[Service]
else:
    Services = Runs = admin.ModelAdmin  # these take no type argument when they run
    ServiceModelForm = forms.ModelForm


class ListField(forms.JSONField):
    """A JSON list with one line for each element."""

    def prepare_value(self, value: Any) -> Any:
        if not isinstance(value, list) or not value:
            return super().prepare_value(value)
        return "[\n" + ",\n".join(f"  {super(ListField, self).prepare_value(one)}" for one in value) + "\n]"


class ServiceForm(ServiceModelForm):
    """A service's form: JSON fields have several lines, and each parameter its own."""

    class Meta:
        model = Service
        fields = "__all__"
        field_classes = {"parameters": ListField}
        widgets = {
            name: forms.Textarea(attrs={"rows": rows, "cols": 100, "spellcheck": "false"})
            for name, rows in (("command", 3), ("environment", 2), ("values", 2), ("parameters", 12))
        }


@admin.register(Service)
@method_decorator(confirmed, name="changeform_view")
class ServiceAdmin(Services):
    """Services can be switched off and not deleted: their runs are a record."""

    form = ServiceForm
    list_display = ["uid", "name", "enabled", "run_by", "schedule", "next_at", "room"]
    list_filter = ["enabled", "run_by", "seen_by"]
    search_fields = ["uid", "name", "description"]
    autocomplete_fields = ["runners", "viewers", "room"]
    readonly_fields = ["next_at"]
    fieldsets = [
        (None, {"fields": ["uid", "name", "description", "enabled"]}),
        (_("What is run"), {"fields": ["command", "parameters", "directory", "run_as", "environment", "values"]}),
        (_("Who"), {"fields": ["run_by", "runners", "seen_by", "viewers", "room"]}),
        (_("How much at once"), {"fields": ["concurrency", "when_busy"]}),
        (
            _("How long, and how much output"),
            {"fields": ["timeout", "grace", "output_limit", "over_limit", "encoding"]},
        ),
        (_("By itself"), {"fields": ["schedule", "time_zone", "missed", "next_at"]}),
        (_("How long it is kept"), {"fields": ["keep_days", "keep_runs"]}),
    ]

    def has_delete_permission(self, request: HttpRequest, obj: Service | None = None) -> bool:
        return False


@admin.register(Run)
class RunAdmin(Runs):
    """Runs are read-only: their workers change them."""

    list_display = ["__str__", "state", "origin", "person", "created_at", "ended_at", "exit_code", "host"]
    list_filter = ["state", "origin", "service"]
    list_select_related = ["service", "person"]
    search_fields = ["service__uid", "person__username", "reason"]
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False
