"""Django's settings. Every variable is read once, typed, with its default and the reason beside it.

A process with a missing or malformed setting ends at boot with one sentence (see proj/env.py).
"""

import os
import socket
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import environ

from proj.addresses import Address
from proj.env import (
    Settings,
    boolean,
    listed,
    networks,
    number,
    one_of,
    origins,
    origins_or_none,
    prefixes,
    refuse,
    secret,
    token,
    whole,
    worker_groups,
)

BASE_DIR = Path(__file__).resolve().parent.parent
VAR = BASE_DIR / "var"  # everything that the processes write
RUN = VAR / "run"  # sockets and pid files
setting = Settings(VAR / "signalbox.env").read

SECRET_KEY = setting("SIGNALBOX_SECRET_KEY", None, secret)
DEBUG = setting("SIGNALBOX_DEBUG", "no", boolean)

# The addresses of this installation. Host names, allowed origins of WebSockets and forms, nginx's server names
# and secure cookies all follow from this one setting. The first address goes into links.
ADDRESSES = setting("SIGNALBOX_URLS", "http://127.0.0.1:8080,http://localhost:8080", origins)
ALLOWED_ORIGINS = frozenset(ADDRESSES)
ALLOWED_HOSTS = sorted({Address.parse(address).host for address in ADDRESSES})
CSRF_TRUSTED_ORIGINS = ADDRESSES
TLS = all(address.startswith("https:") for address in ADDRESSES)

# Limits for one person's messages; 0 means no limit, so that a load test can lift them.
POST_RATE = setting("SIGNALBOX_POST_RATE", "10", number(0, 1_000_000))  # messages a second, sustained
POST_BURST = setting("SIGNALBOX_POST_BURST", "5", number(1, 3600))  # seconds of that rate that may arrive at once
# Reactions, and edits and deletions, of one person: in a minute, on all sockets of an interface process.
REACTIONS_PER_MINUTE = setting("SIGNALBOX_REACTIONS_PER_MINUTE", "120", whole(0, 1_000_000))
EDITS_PER_MINUTE = setting("SIGNALBOX_EDITS_PER_MINUTE", "120", whole(0, 1_000_000))
# The number of other actions of one person; 0 means no limit. They are counted in the database.
NEW_ROOMS_PER_HOUR = setting("SIGNALBOX_NEW_ROOMS_PER_HOUR", "60", whole(0, 1_000_000))
INVITATIONS_PER_HOUR = setting("SIGNALBOX_INVITATIONS_PER_HOUR", "200", whole(0, 1_000_000))
NAME_CHANGES_PER_HOUR = setting("SIGNALBOX_NAME_CHANGES_PER_HOUR", "20", whole(0, 1_000_000))
RUN_STARTS_PER_HOUR = setting("SIGNALBOX_RUN_STARTS_PER_HOUR", "1000", whole(0, 1_000_000))
SEARCHES_PER_MINUTE = setting("SIGNALBOX_SEARCHES_PER_MINUTE", "60", whole(0, 1_000_000))
MESSAGE_CHARACTERS = setting("SIGNALBOX_MESSAGE_CHARACTERS", "8000", whole(1, 60_000))
FRAME_BYTES = setting("SIGNALBOX_FRAME_BYTES", "65536", whole(1024, 1_048_576))
BAD_FRAMES = setting("SIGNALBOX_BAD_FRAMES", "10", whole(0, 1_000_000))  # before a socket is closed
REPLAY_EVENTS = setting("SIGNALBOX_REPLAY_EVENTS", "1000", whole(1, 100_000))  # further behind: reload
# Unread bytes of a slow browser before its socket is closed.
SOCKET_BACKLOG = setting("SIGNALBOX_SOCKET_BACKLOG", "1048576", whole(65_536, 2**30))
# The longest lifetime of a socket in hours; the browser is then asked to reconnect.
SOCKET_HOURS = setting("SIGNALBOX_SOCKET_HOURS", "8", number(0.001, 1000))
SOCKET_THREADS = setting("SIGNALBOX_SOCKET_THREADS", "2", whole(1, 64))  # database threads of an interface process

# Code that was written for Channels 1.x: consumers on the workers. Without a routing nothing of it is loaded.
CHANNEL_ROUTING = setting("SIGNALBOX_CHANNEL_ROUTING", "", str)  # a dotted name, `deck.routing.channel_routing`
CHANNEL_CODE = setting("SIGNALBOX_CHANNEL_CODE", "", listed)  # folders
CHANNEL_APPS = setting("SIGNALBOX_CHANNEL_APPS", "", listed)
CHANNEL_SETTINGS = setting("SIGNALBOX_CHANNEL_SETTINGS", "", str)  # a module
CHANNEL_REQUIREMENTS = setting("SIGNALBOX_CHANNEL_REQUIREMENTS", "", str)  # a file for pip; ./deploy/up installs it
CHANNEL_LAYER_CLASS = "channels_legacy.layers.stack.StackLayer" if CHANNEL_ROUTING else ""
CHANNEL_PATHS = setting("SIGNALBOX_CHANNEL_PATHS", "/channel/", prefixes)
# Seconds that a handshake waits for its consumer; the interface server itself waits for 20.
CHANNEL_WAIT_SECONDS = setting("SIGNALBOX_CHANNEL_WAIT", "5", number(0.1, 15))
CHANNEL_ACCEPT = setting("SIGNALBOX_CHANNEL_ACCEPT", "no", boolean)  # accept sockets that no consumer answers
CHANNEL_ORIGINS = frozenset(setting("SIGNALBOX_CHANNEL_ORIGINS", "", origins_or_none)) or ALLOWED_ORIGINS
CHANNEL_RATE = setting("SIGNALBOX_CHANNEL_RATE", "0", number(0, 1_000_000))  # frames a second of one socket
CHANNEL_LOST = setting("SIGNALBOX_CHANNEL_LOST", "skip", one_of("skip", "close", "again"))
CHANNEL_LOOSE = setting("SIGNALBOX_CHANNEL_LOOSE", "", str.split)  # globs
CHANNEL_WORKERS = setting("SIGNALBOX_CHANNEL_WORKERS", "*:2:4", worker_groups)

# Runs: their number in one worker, and the name of this installation among those that share the database. Two checkouts
# that share a database need different names: a run's output is on the disk of the installation that runs it.
RUNS_AT_ONCE = setting("SIGNALBOX_RUNS_AT_ONCE", "16", whole(1, 1000))
HOST = setting("SIGNALBOX_HOST", "", str) or socket.gethostname()
RUN_AS_ROOT = setting("SIGNALBOX_RUN_AS_ROOT", "no", boolean)  # whether services may have run_as = "root"
RUNS = VAR / "runs"  # a folder for each unfinished run

# Access to /metrics: these addresses, and requests with the token in the Authorization header (never in a URL, which
# ends up in logs). Without a token only the addresses have access.
METRICS_FROM = [ip_network(text) for text in setting("SIGNALBOX_METRICS_FROM", "127.0.0.1/32,::1/128", networks)]
METRICS_TOKEN = setting("SIGNALBOX_METRICS_TOKEN", "", token)
METRICS_FOLDER = RUN / "metrics"

INSTALLED_APPS = [
    "django.contrib.admin.apps.SimpleAdminConfig",  # admin modules load with urls.py, not in every worker
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "consumers.interface",  # before staticfiles: it replaces the runserver of staticfiles
    "django.contrib.staticfiles",
    "axes",
    "consumers.workers",  # before channels: it replaces the runworker of channels
    "channels",
    "proj.layer",
    "proj.accounts",
    "proj.site",
    "proj.rooms",
    "proj.runs",
    "proj.health",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "proj.accounts.web.middleware.LanguageMiddleware",
    "proj.accounts.web.middleware.SessionRecordMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "proj.site.middleware.ReadableAddressMiddleware",
    "axes.middleware.AxesMiddleware",
    "proj.site.middleware.BusyDatabaseMiddleware",  # last: the first to see an error of a view
]

ROOT_URLCONF = "proj.urls"
WSGI_APPLICATION = "proj.wsgi.application"
ASGI_APPLICATION = "proj.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "proj" / "templates"],
        "OPTIONS": {
            "loaders": [
                (
                    "proj.site.templating.loader.Loader",
                    ["django.template.loaders.filesystem.Loader", "django.template.loaders.app_directories.Loader"],
                )
            ],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "proj.site.context_processors.preferences",
                "proj.site.context_processors.new_devices",
                "proj.rooms.web.context_processors.side_rooms",
            ],
        },
    },
]

# The database is the record. With these options SQLite loses no acknowledged message: every commit is synced, writers
# queue at BEGIN (IMMEDIATE) instead of failing at the first write, and readers never wait (WAL).
try:
    DATABASES: dict[str, dict[str, Any]] = {
        "default": environ.Env.db_url_config(setting("DATABASE_URL", f"sqlite:///{VAR / 'signalbox.sqlite3'}", str))
    }
except (KeyError, ValueError, TypeError):
    refuse("the setting DATABASE_URL must be an address like postgres://user@host/name, its value is not")
_database = DATABASES["default"]
if _database["ENGINE"] == "django.db.backends.sqlite3":
    _database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 10,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA busy_timeout=10000;",
    }
    _database["TEST"] = {"NAME": f"{_database['NAME']}.test"}  # a file, which threads and processes share
elif _database["ENGINE"] == "django.db.backends.postgresql":
    _database["OPTIONS"] = {
        # A statement that takes longer is stuck; one slow query must not delay the admission of sockets.
        "options": "-c statement_timeout=15000 -c lock_timeout=10000",
        # A host that has vanished is noticed within seconds, not after a quarter of an hour.
        "connect_timeout": 5,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 15_000,  # milliseconds
    } | _database.get("OPTIONS", {})  # options in DATABASE_URL (sslmode, ...) win
else:
    refuse("the setting DATABASE_URL must name SQLite or PostgreSQL, its value does not")
_database["CONN_MAX_AGE"] = 600
_database["CONN_HEALTH_CHECKS"] = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The layer: frames by publish/subscribe, named channels by a queue with one round trip in each direction.
REDIS_URL = setting("REDIS_URL", f"unix://{RUN / 'redis.sock'}", str)
REDIS_HOST = {
    "address": REDIS_URL,
    # redis-py's default of 5 s equals the layer's blocking time: every idle reader would fail (see layer/checks.py).
    "socket_timeout": 30,
    "socket_connect_timeout": 3,
    "health_check_interval": 30,
    "max_connections": 1000,
}
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "proj.layer.redis.frame_layer.FrameLayer",
        "CONFIG": {"hosts": [REDIS_HOST], "prefix": "signalbox"},
    },
    "work": {
        "BACKEND": "proj.layer.redis.work_layer.WorkLayer",
        "CONFIG": {"hosts": [REDIS_HOST], "prefix": "signalbox:", "capacity": 10_000, "expiry": 60},
    },
}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "display_name", "first_name", "last_name", "email")},
    },
    {"NAME": "proj.accounts.web.passwords.LengthWithoutNames", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "accounts:sign-in"
LOGIN_REDIRECT_URL = "rooms:list"
LOGOUT_REDIRECT_URL = "accounts:sign-in"
PASSWORD_RESET_TIMEOUT = 3 * 24 * 3600  # seconds; the lifetime of a one-time sign-in link
AXES_FAILURE_LIMIT = 8
AXES_COOLOFF_TIME = 0.25  # hours
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_TEMPLATE = "accounts/locked.html"
AXES_CLIENT_IP_CALLABLE = "proj.accounts.web.throttling.client"
AXES_VERBOSE = False
AXES_DISABLE_ACCESS_LOG = True  # it grows without end, and nobody reads it; failed attempts are kept

SESSION_COOKIE_AGE = 30 * 24 * 3600
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = TLS
CSRF_COOKIE_HTTPONLY = False
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")  # nginx overwrites the client's header
SECURE_SSL_REDIRECT = False  # nginx does it, before anything reaches Python
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = TLS
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SILENCED_SYSTEM_CHECKS = ["security.W008"]  # the redirect is nginx's, see above
if not TLS:
    # These checks demand TLS. SIGNALBOX_URLS has addresses without it; signalbox.W001 warns when other hosts can
    # reach such an address.
    SILENCED_SYSTEM_CHECKS += ["security.W004", "security.W012", "security.W016"]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文"), ("ru", "Русский")]
LOCALE_PATHS = [BASE_DIR / "proj" / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = VAR / "static"
STATICFILES_DIRS = [BASE_DIR / "proj" / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    # A file's name changes with its content, so nginx may let browsers cache it for ever.
    "staticfiles": {"BACKEND": "proj.site.static_internals.ModuleStorage"},
}
MEDIA_URL = "/media/"
MEDIA_ROOT = VAR / "media"

# Logs go to standard error, which supervisord writes to var/log and rotates.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "filters": {"refusals": {"()": "proj.site.log_filters.OneLineRefusals"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["refusals"]}},
    "root": {"handlers": ["stderr"], "level": "INFO"},
    "loggers": {
        "django": {"handlers": [], "level": "INFO"},
        "django.server": {"handlers": [], "level": "INFO", "propagate": True},
        "axes": {"level": "WARNING"},
    },
}

# Code of a team. Interface processes do without Channels 1.x, and processes with another role (the doctor, the steps of
# ./deploy/up) without the team's code, so that it cannot hurt them. Where it cannot be imported, the others do as well.
CHANNEL_FAULT = ""  # the sentence about the reason
_role = os.environ.get("SIGNALBOX_ROLE", "")
if CHANNEL_ROUTING and _role != "interface":
    INSTALLED_APPS += ["channels_legacy", "channels_legacy.delay"]
LOADS_TEAM_CODE = bool(CHANNEL_ROUTING) and not _role
if LOADS_TEAM_CODE:
    from proj.team_code import naming  # here: nothing of it is loaded without a routing
    from proj.team_code.faults import TeamFault

    try:
        naming.put_on_path(CHANNEL_CODE)
        _all_apps = naming.apps(INSTALLED_APPS, CHANNEL_APPS, CHANNEL_CODE)
        globals().update(naming.further_settings(CHANNEL_SETTINGS, list(globals()), CHANNEL_CODE))
        INSTALLED_APPS = _all_apps
    except TeamFault as fault:
        CHANNEL_FAULT = str(fault)
