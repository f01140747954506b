from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies: list[tuple[str, str]] = []

    operations = [
        migrations.CreateModel(
            name="DelayedMessage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("due_date", models.DateTimeField(db_index=True)),
                ("channel_name", models.CharField(max_length=512)),
                ("content", models.TextField()),
                ("next_try_at", models.DateTimeField(db_index=True, editable=False)),
                ("started", models.BooleanField(default=False, editable=False)),
                ("tries", models.PositiveSmallIntegerField(default=0, editable=False)),
            ],
            options={"db_table": "channels_delayed_message"},
        ),
    ]
