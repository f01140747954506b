from django.apps import AppConfig


class LayerConfig(AppConfig):
    name = "proj.layer"
    label = "layer"

    def ready(self) -> None:
        from proj.layer import checks  # noqa: F401 - the import registers the checks
