"""The check of a team's Channels 1.x code: does the routing import, do its consumers exist, are its tables there."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings
from django.core import checks
from django.core.management import call_command
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Model

from channels_legacy.asgi import channel_layers
from channels_legacy.worker import CONNECT, DISCONNECT, HTTP_PREFIX, RECEIVE
from proj.team_code.faults import described
from proj.team_code.loading import check_sentence, routing_fault, team_configs, team_folders


@dataclass
class Checked:
    """The result of a check. With a `fault` no worker can run; `notices` are faults of parts. All are sentences."""

    fault: str = ""
    notices: list[str] = field(default_factory=list)
    channels: list[str] = field(default_factory=list)  # those of the routing, without HTTP's


def checked() -> Checked:
    """Return all faults of the team's code as this process has loaded it."""
    found = Checked(fault=fault())
    if not found.fault:
        found.channels = channels()
        found.notices = [*_failed_checks(), *(list(_missing_migrations()) or missing_tables())]
    return found


def fault() -> str:
    """Return the reason why no worker can run the code, or an empty text. Imports the routing with all consumers."""
    if settings.CHANNEL_FAULT:
        return str(settings.CHANNEL_FAULT)
    try:
        channels()
    except (Exception, SystemExit) as error:
        return routing_fault(error)
    return ""


def channels() -> list[str]:
    """Return the channels of the routing, and those of every socket. Raise what the team's code raises."""
    names = {*channel_layers["default"].router.channels, CONNECT, RECEIVE, DISCONNECT}
    return sorted(name for name in names if not name.startswith(HTTP_PREFIX))


def prepare() -> str:
    """Apply the migrations of all apps, and collect their static files. Return the sentence about a fault, if any."""
    try:
        call_command("migrate", interactive=False, verbosity=0)
    except (Exception, SystemExit) as error:
        return described("the migrations of Channels 1.x code cannot be applied", error, team_folders())
    if not any(Path(config.path, "static").is_dir() for config in team_configs()):
        return ""
    try:
        call_command("collectstatic", interactive=False, verbosity=0)
    except (Exception, SystemExit) as error:
        return described("the static files of Channels 1.x code cannot be collected", error, team_folders())
    return ""


def _failed_checks() -> Iterator[str]:
    """Yield a sentence for each of Django's own checks that an app of the team fails."""
    if not team_configs():
        return
    for message in checks.run_checks(app_configs=team_configs()):
        if message.level >= checks.ERROR and not message.is_silenced():
            yield check_sentence(message)
    if settings.CHANNEL_FAULT:  # the checks have imported the admin
        yield settings.CHANNEL_FAULT


def _missing_migrations() -> Iterator[str]:
    """Yield a sentence for migrations of the team's apps that cannot be loaded, or are not applied."""
    labels = {config.label for config in team_configs()}
    try:
        executor = MigrationExecutor(connection)
        plan = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return  # the doctor says so
    except (Exception, SystemExit) as error:
        yield described("the migrations of Channels 1.x code cannot be loaded", error, team_folders())
        return
    missing = [migration for migration, _ in plan if migration.app_label in labels]
    if missing:
        yield f"{len(missing)} migrations of Channels 1.x code are not applied, first {missing[0]}; run ./deploy/up"


def missing_tables() -> Iterator[str]:
    """Yield a sentence for each model of the team without its table or all its columns."""
    try:
        with connection.cursor() as cursor:
            tables = set(connection.introspection.table_names(cursor))
            for config in team_configs():
                file = getattr(config.models_module, "__file__", config.name)
                for model in config.get_models():
                    if lacking := _lacking(model, tables):
                        yield (
                            f"{file}: the database lacks {lacking} of the model {model.__name__}; run ./deploy/up, "
                            f"and before it manage.py makemigrations {config.label} if the model has no migration"
                        )
    except DatabaseError:
        return  # the doctor says so


def _lacking(model: type[Model], tables: set[str]) -> str:
    """Return the table or the columns of a model that the database does not have."""
    options = model._meta
    if not options.managed or options.proxy:
        return ""
    if options.db_table not in tables:
        return f"the table {options.db_table}"
    with connection.cursor() as cursor:
        columns = {column.name for column in connection.introspection.get_table_description(cursor, options.db_table)}
    lacking = [str(one.column) for one in options.local_concrete_fields if one.column not in columns]
    return f"the columns {', '.join(lacking)} in {options.db_table}" if lacking else ""
