INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "channels",
    "lobby",
    "boards",
    "tickets",
    "desk",
]

CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "asgi_redis.RedisChannelLayer",
        "CONFIG": {"hosts": [("localhost", 6379)]},
        "ROUTING": "portal.routing.channel_routing",
    },
}
