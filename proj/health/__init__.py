"""The doctor: walks the path that a message takes and says what it sees. `manage.py doctor` runs it."""
