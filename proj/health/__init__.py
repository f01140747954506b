"""The doctor: a walk along the path of a message, with one check per station. `manage.py doctor` runs it."""
