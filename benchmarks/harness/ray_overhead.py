"""What Ray costs a point: the same job asked of Ray, and done here without it, in turns.

    python -m benchmarks.harness.ray_overhead [--points 8] [--budget 5]

A Ray of one node is started for it. A job is what `sweep --on ray` asks for: a point by one backend, sampled for the
whole budget, measured by a process of its own. Here the same function does it. Prints what Ray adds to a point, and
what the point takes besides its samples.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from statistics import median
from tempfile import TemporaryDirectory

from opbench.planning.plan import Task
from opbench.planning.request import Request
from opbench.planning.shard import Shard
from opbench.running.workers.ray_cluster import connected, slots
from opbench.running.workers.ray_job import measure_job
from opbench.running.workers.ray_worker import RayWorker, job_of
from opbench.vocabulary.record import Measured, Record
from opbench.vocabulary.settings import Settings
from opbench.vocabulary.sweep import Narrowing


def seconds(measure: Callable[[Task], list[Record]], task: Task) -> tuple[float, float]:
    """How long it takes, and what of that is samples: a point whose figure cannot get surer ends before its budget."""
    began = time.monotonic()
    records = measure(task)
    whole_s = time.monotonic() - began
    return whole_s, sum(record.outcome.sampling_s for record in records if isinstance(record.outcome, Measured))


def tasks(points: int, budget_s: float) -> list[Task]:
    by = Narrowing({"batch": tuple(range(1, points + 1)), "edge": (14,), "channels": (16,)}, ("cross_hadamard",))
    by = Narrowing(by.axes, by.operators, ("torch_eager",))
    return list(Request("channels", "cpu", "wall", budget_s, by=by).share(Shard()).tasks)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--points", type=int, default=8)
    parser.add_argument("--budget", type=float, default=5.0)
    asked = parser.parse_args()
    os.environ |= {"OPBENCH_CONTENTION": "ignore", "RAY_USAGE_STATS_ENABLED": "0"}
    from ray.cluster_utils import Cluster

    settings = Settings(target=0.0001, budget_s=asked.budget)
    job = job_of("cpu", settings, wait=True)
    with TemporaryDirectory() as locks:
        os.environ["OPBENCH_LOCKS"] = locks
        node = {"num_cpus": 1, "include_dashboard": False, "object_store_memory": 80 << 20}
        cluster = Cluster(initialize_head=True, head_node_args=node)
        ray = connected(cluster.address)
        (slot,) = slots(ray.nodes(), "cpu")
        worker = RayWorker(ray, slot, job, print, lambda _: None)
        here_s, ray_s = [], []
        worker.measure(tasks(1, asked.budget)[0])  # the first one on a device starts more than itself, there and here
        measure_job(job(tasks(1, asked.budget)[0]))
        for task in tasks(asked.points, asked.budget):
            here, sampled_here = seconds(lambda one: measure_job(job(one)).records, task)
            by_ray, sampled_by_ray = seconds(worker.measure, task)
            here_s.append(here - sampled_here)
            ray_s.append(by_ray - sampled_by_ray)
            print(
                f"{task.point}: {here:.2f} s here, {sampled_here:.2f} of them samples; {by_ray:.2f} s by Ray, "
                f"{sampled_by_ray:.2f} of them samples",
                flush=True,
            )
        ray.shutdown()
        cluster.shutdown()
    more = [by_ray - here for by_ray, here in zip(ray_s, here_s, strict=True)]
    print(
        f"besides samples, medians: {median(here_s):.2f} s here, {median(ray_s):.2f} s by Ray; Ray costs "
        f"{median(more):.2f} s a point ({min(more):.2f} to {max(more):.2f}), {median(more) / asked.budget:.1%} of "
        f"{asked.budget:g} s of samples"
    )


if __name__ == "__main__":
    main()
