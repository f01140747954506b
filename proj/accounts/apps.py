from django.apps import AppConfig, apps
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "proj.accounts"
    verbose_name = _("People")

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in, user_logged_out
        from django.db.models.signals import post_delete, post_save

        from proj.accounts import checks, sessions, signals  # noqa: F401  checks registers itself

        # The admin shows this name in place of "Axes".
        apps.get_app_config("axes").verbose_name = _("Attempts to sign in")

        post_save.connect(signals.when_user_saved, sender="accounts.User", dispatch_uid="access")
        user_logged_in.connect(signals.when_signed_in, dispatch_uid="records")
        user_logged_out.connect(signals.when_signed_out, dispatch_uid="records")
        post_delete.connect(signals.when_user_deleted, sender="accounts.User", dispatch_uid="access")
        post_delete.connect(signals.when_session_deleted, sender=sessions.model(), dispatch_uid="access")
