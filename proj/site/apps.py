from django.apps import AppConfig


class SiteConfig(AppConfig):
    name = "proj.site"
    label = "site"
