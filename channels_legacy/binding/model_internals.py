"""Django's `_meta` and `_state` of models, which Django documents in spite of their names. Tested with Django 5.2."""

from django.db.models import Model


def label(model: type[Model]) -> str:
    """Return the name of a model as serializers write it: `app.model`."""
    return model._meta.label_lower


def field_names(instance: Model) -> list[str]:
    """Return the names of a model's fields, those of relations from other models included."""
    return [field.name for field in instance._meta.get_fields()]


def is_new(instance: Model) -> bool:
    """Return whether a row is not in the database yet."""
    return instance._state.adding
