"""Scripts for `manage.py shell -c`, which benchmarks/runs.py runs in the measured copy; each prints `out:` and JSON."""

# Start one run after the end of the other. Times of commit, claim and start of each, in seconds since the epoch.
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

# Start the loud run when a line arrives. This process has started a run before, as the processes behind the pages have:
# a process that starts up, or starts its first run, would add its own load to the measurement.
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

# Read 52 lines of the loud run, from the database or from the archive.
LINES = """
import json, random, time
from proj.runs.models import Run
from proj.runs.output.reading import lines
run = Run.objects.get(pk="{id}")
wrong, slowest = 0, 0.0
for number in [1, run.lines, *random.sample(range(1, run.lines), 50)]:
    begun = time.monotonic()
    line = lines(run, number, 1)[0]
    slowest = max(slowest, time.monotonic() - begun)
    wrong += (line.number, line.data[:14]) != (number, b"line %09d" % number)
found = {{"state": run.state, "bytes": run.bytes, "lines": run.lines, "wrong": wrong, "slowest_ms": slowest * 1000}}
print("out:" + json.dumps(found))
"""
