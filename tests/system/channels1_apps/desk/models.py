from channels import Channel, Group
from django.db import models


class Visitor(models.Model):
    name = models.CharField(max_length=50)
    queue = models.CharField(max_length=50)
    reply_channel = models.CharField(max_length=255)

    def __str__(self):
        return self.name

    @property
    def channel(self):
        return Channel(self.reply_channel)

    @property
    def group(self):
        return Group("queue-%s" % self.queue)
