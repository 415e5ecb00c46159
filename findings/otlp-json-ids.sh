#!/bin/sh
# protobuf 7.36.2 with opentelemetry-proto 1.45.2: a correct OTLP/JSON message is read without complaint, with wrong ids.
#
# Seen: OTLP writes trace and span ids in JSON as hexadecimal, an exception to protobuf's own JSON. json_format.Parse takes
# the 32 digits for base64, which they happen to be as well: the trace id has 24 bytes, not 16, the span id 12, not 8. The
# other way round MessageToJson writes base64, which no OTLP/JSON receiver takes for an id.
# A good guess: the generated classes and protobuf's own JSON reader give the ids, or refuse the message.
. "$(dirname "$0")/environment.sh"
install protobuf==7.36.2 opentelemetry-proto==1.45.2
"$python" - <<'PYTHON'
import json

import google.protobuf
from google.protobuf import json_format
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
message = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [{
    "traceId": TRACE, "spanId": SPAN, "name": "decode", "kind": 2,
    "startTimeUnixNano": "1700000000000000000", "endTimeUnixNano": "1700000000001000000"}]}]}]})
span = json_format.Parse(message, ExportTraceServiceRequest()).resource_spans[0].scope_spans[0].spans[0]
sizes = len(span.trace_id), len(span.span_id)
span.trace_id = bytes.fromhex(TRACE)
written = json_format.MessageToDict(span)["traceId"]
print("protobuf", google.protobuf.__version__)
print(f"the trace id read has {sizes[0]} bytes - guessed: 16, or an error")
print(f"the span id read has {sizes[1]} bytes - guessed: 8, or an error")
print(f"the 16 bytes of the right id are written as {written} - guessed: {TRACE}")
if sizes != (24, 12) or written == TRACE:
    raise SystemExit("The behaviour changed: protobuf's JSON no longer takes OTLP's hexadecimal ids for base64.")
PYTHON
