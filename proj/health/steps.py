"""All steps of the walk, in the order in which a message needs them."""

from proj.health import channels1, front, host, other_users, programs, stores
from proj.health.report import Step

STEPS = (
    Step("settings", host.settings_hold),
    Step("directories", host.directories_private),
    Step("disk", host.disk_free),
    Step("static files", host.static_collected),
    Step("database", stores.database_writable),
    Step("program", programs.programs_run),
    Step("sockets", programs.sockets_fit, needs=("program",)),
    Step("redis", stores.redis_fit),
    Step("clock", stores.clocks_agree, needs=("redis",)),
    Step("frames", stores.frames_travel, needs=("redis",)),
    Step("named channels", stores.work_travels, needs=("redis",)),
    Step("worker", programs.workers_beat, needs=("redis",)),
    Step("channels code", channels1.code_runs, lasting=True),
    Step("channels packages", channels1.packages_installed, lasting=True),
    Step("channels workers", channels1.workers_take_all, needs=("redis",)),
    Step("channels turns", channels1.turns_move, needs=("redis",)),
    Step("run as", other_users.services_switch_user, needs=("database",)),
    Step("schedules", programs.clock_leads, needs=("database",)),
    Step("page", front.page_served, needs=("program nginx", "program web")),
    Step("static file", front.file_served, needs=("program nginx", "static files")),
    Step("handshake", front.handshake_accepted, needs=("program nginx", "database", "redis")),
    Step("origin", front.stranger_refused, needs=("handshake",)),
    Step("message", front.message_travels, needs=("handshake", "worker", "worker chat", "frames", "named channels")),
)
