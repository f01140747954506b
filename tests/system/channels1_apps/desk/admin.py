import json

from desk.models import Visitor
from django.contrib import admin
from django.http import HttpResponse
from django.urls import path


class VisitorAdmin(admin.ModelAdmin):
    def get_urls(self):
        return [path("call/<name>/", self.admin_site.admin_view(self.call))] + super(VisitorAdmin, self).get_urls()

    def call(self, request, name):
        visitor = Visitor.objects.get(name=name)
        visitor.channel.send({"text": json.dumps({"call": name})})
        return HttpResponse("called %s" % name)


admin.site.register(Visitor, VisitorAdmin)
