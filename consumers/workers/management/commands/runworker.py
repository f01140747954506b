"""The command `manage.py runworker CHANNEL...`: Channels' command with our Worker."""

from typing import Any

from channels.layers import get_channel_layer
from channels.management.commands import runworker
from channels.routing import get_default_application
from django.core.management import CommandError, CommandParser

from consumers.workers.worker import UnknownChannel, Worker


class Command(runworker.Command):
    help = "Consumes named channels, batch by batch, until SIGTERM: then it finishes the items in hand and exits 0."
    requires_system_checks: list[str] = []  # they load the URLs: 11 MB that a worker does not need
    worker_class = Worker

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(layer="work")
        parser.add_argument("--once", action="store_true", help="Stop after one batch.")
        parser.add_argument("--burst", action="store_true", help="Stop when the channels are empty.")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            worker = self.worker_class(
                application=get_default_application(),
                channels=options["channels"],
                channel_layer=get_channel_layer(options["layer"]),
                once=options["once"],
                burst=options["burst"],
            )
        except UnknownChannel as error:
            raise CommandError(str(error)) from None
        worker.run()
