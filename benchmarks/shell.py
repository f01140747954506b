"""Pieces of `manage.py shell -c` with which benchmarks/runs.py asks the measured copy; each prints `out:` and JSON."""

# One run after the other, each when the one before has ended: when each was committed, claimed and running, in seconds
# since the epoch.
ONE_BY_ONE = """
import json, time
from proj.runs import actions
from proj.runs.models import Run, Service
service = Service.objects.get(uid="hello")
committed = {{}}
for _ in range({count}):
    run = actions.start(service, None, {{}})
    committed[run.pk] = time.time()
    time.sleep({pause})
    while Run.objects.filter(pk=run.pk).active().exists():
        time.sleep(0.02)
found = {{}}
for run in Run.objects.filter(pk__in=committed):
    found[str(run.pk)] = [committed[run.pk], run.claimed_at.timestamp(), run.started_at.timestamp()]
print("out:" + json.dumps(found))
"""

ALTOGETHER = """
import json, time
from django.db import transaction
from proj.runs import actions
from proj.runs.models import Run, Service
service = Service.objects.get(uid="marked")
with transaction.atomic():
    ids = [str(actions.start(service, None, {{}}).pk) for _ in range({count})]
begun = time.time()
while Run.objects.filter(service=service).active().exists():
    time.sleep(0.2)
seconds = time.time() - begun
succeeded = Run.objects.filter(service=service, state="succeeded").count()
print("out:" + json.dumps({{"ids": ids, "succeeded": succeeded, "seconds": seconds}}))
"""

# When told to, by a line, by a process that has started a run before, as those behind the pages have: one that starts
# up, or does this for the first time, would be another load on what is measured.
START = """
import json, sys, time
from proj.runs import actions
from proj.runs.models import Run, Service
service = Service.objects.get(uid="loud")
before = actions.start(Service.objects.get(uid="hello"), None, {})
while Run.objects.filter(pk=before.pk, settled=False).exists():
    time.sleep(0.1)
print(json.dumps({"event": "ready"}), flush=True)
sys.stdin.readline()
print(json.dumps({"run": str(actions.start(service, None, {}).pk)}), flush=True)
"""

# Whether any line of the loud run can be read, wherever it is kept.
LINES = """
import json, random, time
from proj.runs import output
from proj.runs.models import Run
run = Run.objects.get(pk="{id}")
wrong, slowest = 0, 0.0
for number in [1, run.lines, *random.sample(range(1, run.lines), 50)]:
    begun = time.monotonic()
    line = output.lines(run, number, 1)[0]
    slowest = max(slowest, time.monotonic() - begun)
    wrong += (line.number, line.data[:14]) != (number, b"line %09d" % number)
found = {{"state": run.state, "bytes": run.bytes, "lines": run.lines, "wrong": wrong, "slowest_ms": slowest * 1000}}
print("out:" + json.dumps(found))
"""
