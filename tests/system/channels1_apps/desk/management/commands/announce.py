import json

from channels import Group
from desk.models import Visitor
from django.core.management.base import BaseCommand


class Command(BaseCommand):
    def add_arguments(self, parser):
        parser.add_argument("queue")
        parser.add_argument("text")

    def handle(self, *args, **options):
        Group("queue-%s" % options["queue"]).send({"text": json.dumps({"announcement": options["text"]})})
        for visitor in Visitor.objects.filter(queue=options["queue"]):
            visitor.channel.send({"text": json.dumps({"to": visitor.name, "text": options["text"]})})
