"""`python -m benchmarks.client <JOB`: run one scene. The job is JSON; so is the last line that is printed."""

import json
import resource
import sys
from typing import Any

import uvloop

from benchmarks.client.crowd import Crowd, Failed
from benchmarks.client.scenes import SCENES


async def run(job: dict[str, Any]) -> dict[str, Any]:
    scenario = job["scenario"]
    try:
        return await SCENES[scenario["scene"]](Crowd(job), scenario)
    except Failed as error:
        return {"error": str(error)}


def main() -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print(json.dumps({"result": uvloop.run(run(json.load(sys.stdin)))}), flush=True)


if __name__ == "__main__":
    main()
