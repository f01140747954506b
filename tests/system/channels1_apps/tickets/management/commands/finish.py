from django.core.management.base import BaseCommand
from tickets.models import Ticket


class Command(BaseCommand):
    def add_arguments(self, parser):
        parser.add_argument("title")

    def handle(self, *args, **options):
        for ticket in Ticket.objects.filter(title=options["title"]):
            ticket.done = True
            ticket.save()
