#!/bin/sh
# Fuzzes the readers of what T5X and TensorFlow write. Usage: scripts/fuzz-formats/run.sh KIND [SECONDS]
#
# messages: the index of T5X and what lies in it. arrays: .zarray files. chunks: what is packed by gzip, zlib and zstd.
# tables: the index of a bundle, with checksums that are right and as they come. snappy: raw blocks.
set -eu
kind=$1
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build="$root/.build/fuzz-formats/$kind"
mkdir -p "$build/corpus" "$build/seeds"
cd "$root"
case $kind in messages | arrays | chunks | tables | snappy) ;; *) echo "messages, arrays, chunks, tables or snappy?" >&2 && exit 1 ;; esac
define=-D$(echo "$kind" | tr a-z A-Z)
python3 "$here/seeds.py" "$kind" Tests/Parity/Fixtures "$build/seeds"
# SwiftPM names a package for its folder.
package=$(basename "$root" | tr A-Z a-z)
# The modules below, and their objects, come from an ordinary build.
swift build --target Checkpoints
modules=$(swift build --show-bin-path)
find "$modules/JSON.build" "$modules/Tensors.build" "$modules/CKernels.build" -name '*.o' -printf '"%p"\n' >"$build/objects"
swiftc -O -sanitize=fuzzer,address $define -parse-as-library -package-name "$package" -swift-version 6 \
    -enable-upcoming-feature ExistentialAny -enable-upcoming-feature InternalImportsByDefault \
    -enable-upcoming-feature MemberImportVisibility -module-name FuzzFormats -I "$modules/Modules" -I Sources/CZlib \
    -I Sources/CZstd -I Sources/COpenBLAS -I Sources/CKernels/include \
    -Xcc -fmodule-map-file="$modules/CKernels.build/module.modulemap" @"$build/objects" -lz -lzstd -lopenblas \
    $(find Sources/Checkpoints -name "*.swift") "$here/Fuzz.swift" -o "$build/fuzz"
exec "$build/fuzz" -max_total_time="${2:-60}" -max_len=16384 -rss_limit_mb=1024 -timeout=5 -malloc_limit_mb=256 \
    "$build/corpus" "$build/seeds"
