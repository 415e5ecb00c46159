"""Holds every answer of the server to openapi.yaml, strictly: a member it does not describe is an error."""

import copy
import functools
import json
import re

import httpx2
import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from switchyard_server import ROOT

HERE = "urn:switchyard:openapi"


def closed(schema):
    """The schema, with every object that names its members allowing no others."""
    if isinstance(schema, list):
        return [closed(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    schema = {name: closed(value) for name, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and "allOf" not in schema:
        schema.setdefault("additionalProperties", False)
    return schema


class StrictDescription:
    def __init__(self, path=ROOT / "openapi.yaml"):
        self.document = closed(yaml.safe_load(path.read_text()))
        resource = Resource.from_contents(copy.deepcopy(self.document), default_specification=DRAFT202012)
        self.registry = Registry().with_resource(HERE, resource)
        self.templates = [
            (re.compile(re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path)) + "$"), path) for path in self.document["paths"]]
        self.checked = 0

    def resolve(self, node):
        while "$ref" in node:
            names = node["$ref"].removeprefix("#/").split("/")
            node = functools.reduce(lambda found, name: found[name], names, self.document)
        return node

    def response(self, method, path, status):
        """The description of an answer; one that is not described is an error."""
        for pattern, template in self.templates:
            if pattern.match(path):
                operation = self.document["paths"][template].get(method.lower())
                assert operation, f"{method} {template} is not described"
                assert str(status) in operation["responses"], f"{method} {template} does not describe {status}"
                return self.resolve(operation["responses"][str(status)])
        raise AssertionError(f"no path like {path} is described")

    def validate(self, schema, value, what):
        # `schema` is a part of the document, so its references are the document's.
        validator = Draft202012Validator(self.absolute(schema), registry=self.registry)
        errors = [f"{what}: {'/'.join(map(str, error.path))}: {error.message}"[:400] for error in validator.iter_errors(value)]
        assert not errors, "; ".join(errors[:5])
        self.checked += 1

    def absolute(self, node):
        if isinstance(node, list):
            return [self.absolute(item) for item in node]
        if isinstance(node, dict):
            return {name: HERE + value if name == "$ref" else self.absolute(value) for name, value in node.items()}
        return node

    def check_head(self, method, path, status, headers):
        described = self.response(method, path, status)
        kind = headers["content-type"].split(";")[0]
        assert kind in described["content"], f"{method} {path}: {kind} is not described"
        for name, header in described.get("headers", {}).items():
            header = self.resolve(header)
            value = headers.get(name)
            if value is None:
                assert not header.get("required"), f"{method} {path} {status}: no {name}"
                continue
            if header["schema"].get("type") in ("integer", "number"):
                value = json.loads(value)
            self.validate(header["schema"], value, f"{method} {path} {status} {name}")
        return kind, described["content"][kind].get("schema")

    def check(self, method, path, status, headers, body):
        kind, schema = self.check_head(method, path, status, headers)
        if kind == "application/json":
            self.validate(schema, json.loads(body), f"{method} {path} {status}")

    def check_event(self, data, schema="CompletionChunk"):
        if data == "[DONE]":
            return
        value = json.loads(data)
        name = "Error" if schema != "ResponseEvent" and "error" in value else schema
        self.validate({"$ref": f"#/components/schemas/{name}"}, value, f"event {name}")


class EventChecker:
    """Fed the bytes of a stream as they come; checks each event and that nothing follows the last."""

    ENDS = ("[DONE]", "response.completed", "response.incomplete", "response.failed")

    def __init__(self, description, path="/v1/completions"):
        self.description, self.rest, self.last = description, b"", None
        kinds = {"/v1/responses": "ResponseEvent", "/v1/beam_search": "BeamSearchEvent", "/v1/chat/completions": "ChatCompletionChunk"}
        self.schema, self.number = kinds.get(path, "CompletionChunk"), 0

    def feed(self, data):
        *events, self.rest = (self.rest + data).split(b"\n\n")
        for event in events:
            if event.startswith(b":"):
                continue
            assert self.last not in self.ENDS, f"an event after {self.last}"
            self.last = self.named(event) if self.schema == "ResponseEvent" else self.plain(event)

    def plain(self, event):
        assert event.startswith(b"data: ") and b"\n" not in event, event
        data = event.removeprefix(b"data: ").decode()
        self.description.check_event(data, self.schema)
        return data

    def named(self, event):
        """An event of a response, which has its type as its name and counts the events before it."""
        name, _, data = event.partition(b"\n")
        assert name.startswith(b"event: ") and data.startswith(b"data: ") and b"\n" not in data, event
        value = json.loads(data.removeprefix(b"data: "))
        assert value["type"] == name.removeprefix(b"event: ").decode() and value["sequence_number"] == self.number
        self.number += 1
        self.description.check_event(json.dumps(value), self.schema)
        return value["type"]


class CheckedStream(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    def __init__(self, stream, checker):
        self.stream, self.checker = stream, checker

    def __iter__(self):
        for data in self.stream:
            self.checker.feed(data)
            yield data

    async def __aiter__(self):
        async for data in self.stream:
            self.checker.feed(data)
            yield data

    def close(self):
        self.stream.close()

    async def aclose(self):
        await self.stream.aclose()


def is_stream(response):
    return response.headers.get("content-type", "").startswith("text/event-stream")


class StrictTransport(httpx2.HTTPTransport):
    """Checks what passes through it on the way to a client library."""

    def __init__(self, description):
        super().__init__()
        self.description, self.requests = description, []

    def handle_request(self, request):
        response = super().handle_request(request)
        self.requests.append((request.method, request.url.raw_path.decode(), response.status_code))
        path = request.url.raw_path.decode().partition("?")[0]
        if is_stream(response):
            self.description.check_head(request.method, path, response.status_code, response.headers)
            response.stream = CheckedStream(response.stream, EventChecker(self.description, path))
        else:
            self.description.check(request.method, path, response.status_code, response.headers, response.read())
        return response


class StrictAsyncTransport(httpx2.AsyncHTTPTransport):
    """`StrictTransport` for asyncio."""

    def __init__(self, description):
        super().__init__()
        self.description, self.requests = description, []

    async def handle_async_request(self, request):
        response = await super().handle_async_request(request)
        self.requests.append((request.method, request.url.raw_path.decode(), response.status_code))
        path = request.url.raw_path.decode().partition("?")[0]
        if is_stream(response):
            self.description.check_head(request.method, path, response.status_code, response.headers)
            response.stream = CheckedStream(response.stream, EventChecker(self.description, path))
        else:
            self.description.check(request.method, path, response.status_code, response.headers, await response.aread())
        return response
