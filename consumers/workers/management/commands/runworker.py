"""The command `manage.py runworker CHANNEL...`: Channels' command with our Worker. Without names: Channels 1.x code."""

from typing import Any

from channels.layers import get_channel_layer
from channels.management.commands import runworker
from channels.routing import get_default_application
from django.conf import settings
from django.core.management import BaseCommand, CommandError, CommandParser

from consumers.workers.worker import UnknownChannel, Worker

DEFAULT_THREADS = 4


class Command(runworker.Command):
    help = "Consumes named channels until SIGTERM, or without names the channels of Channels 1.x code."
    requires_system_checks: list[str] = []  # they load the URLs: 11 MB that a worker does not need
    worker_class = Worker

    def add_arguments(self, parser: CommandParser) -> None:
        BaseCommand.add_arguments(self, parser)
        parser.add_argument("channels", nargs="*", help="Named channels; none: the worker of Channels 1.x code.")
        parser.add_argument("--layer", default="work", help="The channel layer of the named channels.")
        parser.add_argument("--once", action="store_true", help="Stop after one batch.")
        parser.add_argument("--burst", action="store_true", help="Stop when the channels are empty.")
        parser.add_argument("--only-channels", action="append", metavar="GLOB", help="Channels 1.x: take only these.")
        parser.add_argument(
            "--exclude-channels", action="append", metavar="GLOB", help="Channels 1.x: leave these out."
        )
        parser.add_argument("--threads", type=int, default=DEFAULT_THREADS, help="Channels 1.x: turns at a time.")

    def handle(self, *args: Any, **options: Any) -> None:
        if not options["channels"]:
            self._run_channels1(options["only_channels"], options["exclude_channels"], options["threads"])
            return
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

    def _run_channels1(self, only: list[str] | None, exclude: list[str] | None, threads: int) -> None:
        if not settings.CHANNEL_ROUTING:
            raise CommandError("name the channels to consume, or set SIGNALBOX_CHANNEL_ROUTING for Channels 1.x code")
        from consumers.workers.legacy import running  # not at the top: workers of named channels load none of it

        running.run(only, exclude, threads)
