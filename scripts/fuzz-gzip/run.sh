#!/bin/sh
# Fuzzes the unpacking of gzip bodies. Usage: scripts/fuzz-gzip/run.sh [SECONDS]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build="$root/.build/fuzz-gzip"
mkdir -p "$build/corpus" "$build/seeds"
cd "$root"
python3 "$here/seeds.py" "$build/seeds"
sources=Sources/HTTPServing
swiftc -O -sanitize=fuzzer,address -parse-as-library -package-name switchyard -swift-version 6 \
    -enable-upcoming-feature InternalImportsByDefault -enable-upcoming-feature MemberImportVisibility \
    -module-name FuzzGzip -I Sources/CZlib -lz "$sources"/Compression/Gzip*.swift \
    "$sources"/Limits/HTTPLimits.swift "$sources"/Messages/RequestBodyError.swift \
    "$here/Fuzz.swift" -o "$build/fuzz"
exec "$build/fuzz" -max_total_time="${1:-60}" -max_len=4096 -rss_limit_mb=512 -malloc_limit_mb=16 -timeout=5 \
    "$build/corpus" "$build/seeds"
