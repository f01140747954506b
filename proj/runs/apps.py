from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class RunsConfig(AppConfig):
    name = "proj.runs"
    label = "runs"
    verbose_name = _("Runs")

    def ready(self) -> None:
        from django.db.models.signals import m2m_changed, post_delete, post_save

        from proj.rooms import cards
        from proj.rooms.log import references
        from proj.runs import signals
        from proj.runs.models import Service
        from proj.runs.publishing.cards import draw
        from proj.runs.publishing.references import addresses

        cards.register("run", draw)
        references.register(addresses)

        post_save.connect(signals.when_service_saved, sender=Service, dispatch_uid="access")
        post_delete.connect(signals.when_service_deleted, sender=Service, dispatch_uid="access")
        for people in (Service.runners, Service.viewers):
            m2m_changed.connect(signals.when_people_changed, sender=people.through, dispatch_uid=f"access {people}")
