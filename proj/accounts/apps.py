from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "proj.accounts"
    verbose_name = "People"

    def ready(self) -> None:
        from proj.accounts import checks  # noqa: F401  registers itself
