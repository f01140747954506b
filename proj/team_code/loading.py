"""Sets Django up with a team's apps, and without them when they cannot be loaded.

A registry that has failed to load is emptied and filled again, as django.test does it. Tested with Django 5.2.
"""

import logging
import os
import pkgutil
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Protocol, cast

import django
from django.apps import AppConfig, apps
from django.conf import settings
from django.core import checks
from django.utils.module_loading import module_has_submodule

from proj.team_code.faults import TeamFault, described, place

logger = logging.getLogger(__name__)

WAITED_FOR = "SIGNALBOX_WAITED_FOR"  # in the environment of a worker that starts again: the sentence in its log


class ImportsRouting(Protocol):
    """The configuration of the app `channels_legacy`, which no module of `proj` imports."""

    def import_routing(self) -> None:
        """Import the routing. Raise what the team's code raises."""


def setup(*, with_routing: bool = True) -> None:
    """Call django.setup(). Apps of a team that raise or fail their checks are left out, and the log has the reason.

    `with_routing`: import the routing as well. Only it leads to the bindings, and rows change in web and commands too.
    """
    try:
        django.setup(set_prefix=False)
        _check_models()
        _import_template_tags()
    except (Exception, SystemExit) as error:
        if not set(team_apps()) & set(settings.INSTALLED_APPS):
            raise
        names = ", ".join(team_apps())
        settings.CHANNEL_FAULT = described(
            f"the app {names} of SIGNALBOX_CHANNEL_APPS cannot be loaded", error, team_folders()
        )
        _leave_out()
    fault = getattr(settings, "CHANNEL_FAULT", "")
    if fault and fault != os.environ.get(WAITED_FOR):
        logger.error("running without the Channels 1.x code: %s", fault)
    if with_routing and not fault and getattr(settings, "LOADS_TEAM_CODE", False):
        _import_routing()


def discover(autodiscover: Callable[[], None], noun: str) -> None:
    """Import one module of each app. One of a team that raises is left out, and the log has the reason."""
    try:
        autodiscover()
    except (Exception, SystemExit) as error:
        if not team_configs() or not place(error, [f"{folder}/" for folder in team_folders()]):
            raise
        settings.CHANNEL_FAULT = described(f"{noun} of Channels 1.x code cannot be loaded", error, team_folders())
        logger.error("%s", settings.CHANNEL_FAULT)


def team_apps() -> list[str]:
    """Return the apps that the settings name."""
    found: list[str] = getattr(settings, "CHANNEL_APPS", [])
    return found


def team_configs() -> list[AppConfig]:
    """Return the configurations of the team's apps that are loaded."""
    installed = {app.partition(".apps.")[0] for app in team_apps() if app in settings.INSTALLED_APPS}
    return [config for config in apps.get_app_configs() if config.name in installed] if installed else []


def team_folders() -> list[str]:
    """Return the folders of the team's code: those of the setting, and those of apps that are installed packages."""
    packages = {app.partition(".apps.")[0] for app in team_apps()}
    paths = [config.path for config in apps.app_configs.values() if config.name in packages]
    return [*getattr(settings, "CHANNEL_CODE", []), *paths]


def routing_fault(error: BaseException) -> str:
    """Return the sentence about a routing that cannot be imported."""
    subject = f"the routing {settings.CHANNEL_ROUTING} (SIGNALBOX_CHANNEL_ROUTING) cannot be loaded"
    return described(subject, error, team_folders())


def _import_routing() -> None:
    try:
        cast("ImportsRouting", apps.get_app_config("channels_legacy")).import_routing()
    except (Exception, SystemExit) as error:
        logger.error("changes of rows in this process reach no socket: %s", routing_fault(error))


def _check_models() -> None:
    """Raise TeamFault for the first error of the models' own checks: commands would refuse to run."""
    configs = team_configs()
    if not configs:
        return
    for message in checks.run_checks(app_configs=configs, tags=[checks.Tags.models]):
        if message.level >= checks.ERROR and not message.is_silenced():
            raise TeamFault(check_sentence(message))


def check_sentence(message: checks.CheckMessage) -> str:
    """Return the sentence about an error that a system check has found."""
    subject = message.obj
    model = getattr(subject, "model", subject)
    file = getattr(import_module(model.__module__), "__file__", "") if hasattr(model, "__module__") else ""
    return (
        f"{file}: {subject} fails Django's check {message.id}: {str(message.msg).rstrip('.')}; "
        f"{(message.hint or 'correct it').rstrip('.')}, then run ./deploy/up"
    )


def _import_template_tags() -> None:
    """Import the template tags of the team's apps: Django imports those of all apps for any template."""
    for config in team_configs():
        if config.module is not None and module_has_submodule(config.module, "templatetags"):
            for name in _modules_of(f"{config.name}.templatetags"):
                import_module(name)


def _modules_of(package: str) -> Iterator[str]:
    for _, name, _ in pkgutil.iter_modules(import_module(package).__path__):
        yield f"{package}.{name}"


def _leave_out() -> None:
    """Fill the registry again, without the team's apps and their models."""
    settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app not in team_apps()]
    apps.app_configs.clear()
    apps.apps_ready = apps.models_ready = apps.loading = apps.ready = False
    django.setup(set_prefix=False)
    for label in set(apps.all_models) - set(apps.app_configs):
        del apps.all_models[label]
    apps.clear_cache()
