from django.conf import settings
from django.db import models


class Ticket(models.Model):
    title = models.CharField(max_length=100)
    team = models.CharField(max_length=20)
    done = models.BooleanField(default=False)
    secret = models.CharField(max_length=100, blank=True)
    author = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.CASCADE)

    def __str__(self):
        return self.title

    def sign(self):
        return ("[x] " if self.done else "[ ] ") + self.title
