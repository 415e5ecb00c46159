"""`stream` of /v1/beam_search: the steps on the way to the beams, and who leaves on the way."""

import json
import random
import time

import pytest

from strict_description import StrictDescription
from switchyard_server import raw_request

WORDS = "a man woman dog two dogs is are riding playing in the snow street with red ball and while".split()


def events_of(server, body):
    with server.http.stream("POST", "/v1/beam_search", json=body | {"stream": True}) as answer:
        assert answer.status_code == 200, answer.read()
        data = [line[len("data: "):] for line in answer.iter_lines() if line.startswith("data: ")]
    assert data[-1] == "[DONE]"
    return data[:-1]


def replay(events):
    """The beams that the steps alone lead to."""
    begin, *steps = events
    running = [[token["id"] for token in begin["decoder_prompt"]]] * begin["num_beams"]
    finished = []
    for step in steps:
        following = {}
        for candidate in step["candidates"]:
            tokens = running[candidate["parent"]] + [candidate["id"]]
            assert (candidate["outcome"] == "finished") == (candidate["finished_score"] is not None)
            if candidate["outcome"] == "finished":
                finished.append((tokens, candidate["finished_score"], candidate["score"]))
            if candidate["beam"] is not None:
                following[candidate["beam"]] = tokens
        running = [following[beam] for beam in range(begin["num_beams"])]
    # Sorting keeps the order of equals.
    return sorted(finished, key=lambda found: -found[1])[: begin["num_return_sequences"]]


def random_body(seed):
    choice = random.Random(seed)
    beams = choice.randint(1, 8)
    body = {"prompt": " ".join(choice.choices(WORDS, k=choice.randint(2, 12))), "num_beams": beams,
            "num_return_sequences": choice.randint(1, beams), "length_penalty": choice.choice([-1, 0, 0.6, 1, 2]),
            "early_stopping": choice.choice([True, False, "never"]), "max_tokens": choice.randint(1, 24)}
    if choice.random() < 0.3:
        body |= {"do_sample": True, "temperature": choice.choice([0.5, 1, 1.5]), "seed": seed}
    if choice.random() < 0.3:
        body["decoder_prompt"] = choice.choices(range(2, 5000), k=choice.randint(1, 4))
    if choice.random() < 0.3:
        body["no_repeat_ngram_size"] = choice.randint(1, 3)
    if choice.random() < 0.2:
        body["stop_token_ids"] = choice.choices(range(3, 60), k=3)
    return body


def test_steps_lead_to_the_beams_to_the_last_digit_on_200_requests(server):
    description = StrictDescription()
    for seed in range(200):
        body = random_body(seed)
        data = events_of(server, body)
        for each in data:
            description.check_event(each, "BeamSearchEvent")
        events = [json.loads(each) for each in data]
        assert [event.get("step") for event in events] == [None, *range(len(events) - 2), None], body
        last, whole = events.pop(), server.post("/v1/beam_search", **body).json()
        assert [event["last"] for event in events[1:]] == [False] * (len(events) - 2) + [True]
        # The digits themselves, not only the numbers.
        assert json.dumps(last["beams"]) == json.dumps(whole["beams"]) and last["usage"] == whole["usage"], body
        told = [(beam["token_ids"], beam["score"], beam["cumulative_logprob"]) for beam in last["beams"]]
        assert replay(events) == told, body


def test_texts_of_a_path_are_the_text_of_its_beam(server):
    events = [json.loads(each) for each in events_of(server, {"prompt": "Two dogs are playing.", "num_beams": 1})]
    path = [event["candidates"][0]["text"] for event in events[1:-1]]
    assert "".join(path) == events[-1]["beams"][0]["text"] + "</s>"


@pytest.mark.parametrize("beams", [1, 16])
def test_a_client_that_leaves_frees_its_rows_before_the_next_step(server, beams):
    body = json.dumps({"prompt": "A man.", "num_beams": beams, "max_tokens": 500, "ignore_eos": True, "stream": True}).encode()
    connection = server.connect()
    connection.sendall(raw_request("POST", "/v1/beam_search", body))
    told = b""
    while told.count(b"beam_search.step") < 3:
        told += connection.recv(65536)
    assert server.metric("switchyard_requests_running") == 1
    steps = server.metric("switchyard_engine_steps_total{phase=\"decode\"}")
    connection.close()
    deadline = time.monotonic() + 5
    while server.metric("switchyard_requests_running") > 0:
        assert time.monotonic() < deadline
    left = server.metric("switchyard_engine_steps_total{phase=\"decode\"}")
    assert left - steps < 400, "the search went on"
    assert server.metric("switchyard_kv_cache_bytes") == 0
    time.sleep(0.3)
    assert server.metric("switchyard_engine_steps_total{phase=\"decode\"}") == left


def test_a_client_that_reads_nothing_is_waited_for_and_holds_no_row(server):
    """What it was told waits in memory, no more than its own steps; the search itself is over and its rows are free."""
    before = server.metric("process_resident_memory_bytes")
    body = json.dumps({"prompt": "A man.", "num_beams": 64, "max_tokens": 300, "ignore_eos": True, "stream": True}).encode()
    connection = server.connect()
    connection.sendall(raw_request("POST", "/v1/beam_search", body))
    deadline = time.monotonic() + 60
    while server.metric("switchyard_requests_running") == 0 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert server.idle(within=60)
    # 300 steps of 128 candidates of 48 bytes are 2 MB; the cache of 64 beams is the most of it.
    assert server.metric("process_resident_memory_bytes") - before < 150e6
    connection.close()
