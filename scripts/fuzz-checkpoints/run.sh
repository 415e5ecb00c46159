#!/bin/sh
# Fuzzes the reader of PyTorch weight files. Usage: scripts/fuzz-checkpoints/run.sh pickles|files [SECONDS]
#
# pickles: alone, put into an archive that is right. files: zip archives and files of the format before them, whole.
set -eu
kind=$1
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build="$root/.build/fuzz-checkpoints/$kind"
mkdir -p "$build/corpus" "$build/seeds"
cd "$root"
case $kind in
pickles) define=-DPICKLES && python3 "$here/pickles.py" Tests/WeightFiles "$build/seeds" ;;
files) define= && cp Tests/WeightFiles/*/*.bin "$build/seeds" ;;
*) echo "pickles or files?" >&2 && exit 1 ;;
esac
# SwiftPM names a package for its folder.
package=$(basename "$root" | tr A-Z a-z)
# The modules below, and their objects, come from an ordinary build.
swift build --target Checkpoints
modules=$(swift build --show-bin-path)
find "$modules/JSON.build" "$modules/Tensors.build" "$modules/CKernels.build" -name '*.o' -printf '"%p"\n' >"$build/objects"
swiftc -O -sanitize=fuzzer,address $define -parse-as-library -package-name "$package" -swift-version 6 \
    -enable-upcoming-feature InternalImportsByDefault -enable-upcoming-feature MemberImportVisibility \
    -module-name FuzzCheckpoints -I "$modules/Modules" -I Sources/CZlib -I Sources/CZstd -I Sources/COpenBLAS -I Sources/CKernels/include \
    -Xcc -fmodule-map-file="$modules/CKernels.build/module.modulemap" @"$build/objects" -lz -lzstd -lopenblas \
    $(find Sources/Checkpoints -name "*.swift") "$here/Fuzz.swift" -o "$build/fuzz"
exec "$build/fuzz" -max_total_time="${2:-60}" -max_len=8192 -dict="$here/words" -rss_limit_mb=1024 -timeout=5 \
    -malloc_limit_mb=256 "$build/corpus" "$build/seeds"
