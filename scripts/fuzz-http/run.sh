#!/bin/sh
# Fuzzes what clients send and are sent. Usage: scripts/fuzz-http/run.sh requests|responses|completions|texts [SECONDS]
#
# requests: head parser and chunk decoder. responses: head encoder, chunks. completions: JSON bodies and forms of every
# endpoint that asks something of the engine, as far as the request for it, and answers. texts: what is cut into sentences.
set -eu
kind=$1
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build="$root/.build/fuzz-http/$kind"
mkdir -p "$build/corpus"
cd "$root"
toy=Tests/InferenceAPITests/Support/ToyTokenizer.swift
case $kind in
requests) own=HTTPServing && sources="$here/Requests.swift" ;;
responses) own=HTTPServing && sources="$here/Responses.swift" ;;
completions) own=InferenceAPI && sources="$here/Completions.swift $here/Search.swift $here/Settings.swift $toy" ;;
texts) own=InferenceAPI && sources="$here/Texts.swift $toy" ;;
*) echo "requests, responses, completions or texts?" >&2 && exit 1 ;;
esac
# SwiftPM names a package for its folder.
package=$(basename "$root" | tr A-Z a-z)
# The modules below, and their objects, come from an ordinary build.
swift build --product switchyard
modules=$(swift build --show-bin-path)
find "$modules" -name '*.o' ! -path "*/$own.build/*" ! -path '*/InferenceAPI.build/*' ! -path '*Tests.build/*' \
    ! -path '*/switchyard.build/*' ! -path '*/TestSupport.build/*' ! -path '*/CAllocationCounter.build/*' \
    ! -path '*-tool.build/*' ! -path '*.product/*' -printf '"%p"\n' >"$build/objects"
swiftc -O -whole-module-optimization -sanitize=fuzzer,address -parse-as-library -package-name "$package" -swift-version 6 \
    -enable-upcoming-feature InternalImportsByDefault -enable-upcoming-feature MemberImportVisibility \
    -enable-upcoming-feature ExistentialAny -module-name FuzzHTTP -I "$modules/Modules" \
    -I Sources/CEpoll -I Sources/COpenSSL -I Sources/CZlib -I Sources/CZstd -I Sources/COpenBLAS -I Sources/CKernels/include \
    -I Sources/CSentencePiece/include -I Sources/CRanks/include \
    -Xcc -fmodule-map-file="$modules/CKernels.build/module.modulemap" \
    -Xcc -fmodule-map-file="$modules/CRanks.build/module.modulemap" \
    -Xcc -fmodule-map-file="$modules/CSentencePiece.build/module.modulemap" \
    @"$build/objects" -lssl -lcrypto -lz -lzstd -lopenblas -lsentencepiece -lsentencepiece_train -lstdc++ \
    $(find Sources/$own -name "*.swift") $sources -o "$build/fuzz"
exec "$build/fuzz" -max_total_time="${2:-60}" -max_len=4096 -dict="$here/$kind.words" -timeout=5 -rss_limit_mb=2048 \
    "$build/corpus" "$here/corpus/$kind"
