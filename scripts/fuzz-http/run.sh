#!/bin/sh
# Fuzzes the HTTP head parser and chunk decoder. Usage: scripts/fuzz-http/run.sh [SECONDS]
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build="$root/.build/fuzz-http"
mkdir -p "$build/corpus"
cd "$root"
# The dependency's modules and objects come from an ordinary build.
swift build --target HTTPServing
modules=$(swift build --show-bin-path)
sources=Sources/HTTPServing
swiftc -O -sanitize=fuzzer,address -parse-as-library -package-name switchyard -swift-version 6 \
    -enable-upcoming-feature InternalImportsByDefault -module-name FuzzHTTP \
    -I "$modules/Modules" "$modules"/HTTPTypes.build/*.o \
    "$sources"/RequestHead.swift "$sources"/RequestHeadParser.swift "$sources"/RequestLine.swift \
    "$sources"/RequestTarget.swift "$sources"/BodyFraming.swift "$sources"/ChunkedDecoder.swift \
    "$sources"/InboundBytes.swift "$sources"/CharacterClass.swift "$sources"/HTTPParseError.swift \
    "$sources"/HTTPLimits.swift "$here/Fuzz.swift" -o "$build/fuzz"
exec "$build/fuzz" -max_total_time="${1:-60}" -max_len=4096 "$build/corpus" "$here/corpus"
