"""SIGUSR1 to mpirun under load: nobody notices who asks the servers that are ready."""

import random
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from conftest import HOSTS
from rank_hosts import Hosts
from rank_job import CLIENT, Job, is_ready
from rank_requests import Draw

RANKS = (2,)
REQUESTS = 500


class Balancer:
    """Sends to servers whose /readyz said 200 a moment ago, as the proxies in deploy/ do."""

    def __init__(self, urls):
        self.urls, self.ready, self.ends = urls, list(urls), threading.Event()
        self.draw = random.Random(3)
        self.watch = threading.Thread(target=self._watch)

    def _watch(self):
        while not self.ends.wait(0.1):
            self.ready = [url for url in self.urls if is_ready(url)]

    def ask(self, request):
        path, body = request
        return CLIENT.post(self.draw.choice(self.ready) + path, json=body, timeout=60).status_code

    def __enter__(self):
        self.watch.start()
        return self

    def __exit__(self, *_):
        self.ends.set()
        self.watch.join()


def test_no_request_fails_while_a_job_drains(shape, serve):
    kind, ranks = shape
    requests = Draw(5).requests(REQUESTS)
    if kind == HOSTS:
        with Hosts(ranks) as hosts:
            drained(ranks, serve, requests, hosts)
    else:
        drained(ranks, serve, requests, None)


def drained(ranks, serve, requests, hosts):
    with Job(ranks, "--drain-delay", "2", serve=serve, hosts=hosts) as old, Job(ranks, serve=serve) as new:
        done = []

        def ask(request):
            done.append(balancer.ask(request))
            if len(done) == REQUESTS // 4:
                old.signal(signal.SIGUSR1)

        with Balancer(old.urls + new.urls) as balancer, ThreadPoolExecutor(16) as pool:
            list(pool.map(ask, requests))
        assert old.process.wait(20) == 0, "not drained, or not in time"
        assert done == [200] * REQUESTS
        assert not old.left_behind()
        assert new.drain() == 0


def test_a_drain_waits_for_what_runs_and_takes_no_more(serve):
    with Job(2, serve=serve) as job, ThreadPoolExecutor(1) as pool:
        body = {"prompt": "A man.", "temperature": 0, "max_tokens": 400, "ignore_eos": True}
        running = pool.submit(CLIENT.post, job.urls[-1] + "/v1/completions", json=body, timeout=60)
        while job.metric("switchyard_requests_running", job.serving[-1]) < 1:
            time.sleep(0.01)
        assert job.drain() == 0
        assert running.result().json()["usage"]["completion_tokens"] == 400
