#!/bin/sh
# Fuzzes the reader and writer of JSON beside Foundation's. Usage: scripts/fuzz-json/run.sh [SECONDS]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build="$root/.build/fuzz-json"
mkdir -p "$build/corpus"
cd "$root"
compile="swiftc -O -sanitize=fuzzer,address -parse-as-library -package-name switchyard -swift-version 6
    -enable-upcoming-feature InternalImportsByDefault -enable-upcoming-feature MemberImportVisibility
    -enable-upcoming-feature ExistentialAny"
$compile -wmo -module-name JSON -emit-module -emit-module-path "$build/JSON.swiftmodule" -c Sources/JSON/*.swift \
    -o "$build/JSON.o"
$compile -module-name FuzzJSON -I "$build" "$build/JSON.o" "$here/Fuzz.swift" \
    Tests/JSONTests/JSONValue+Encodable.swift -o "$build/fuzz"
exec "$build/fuzz" -max_total_time="${1:-60}" -max_len=4096 -dict="$here/words" -rss_limit_mb=1024 -timeout=5 \
    "$build/corpus" scripts/fuzz-http/corpus/completions
