#!/bin/sh
# Fuzzes the readers of what ranks send each other. Usage: scripts/fuzz-ranks/run.sh calls|cards [SECONDS]
#
# calls: rows for experts of another rank. cards: what a rank says of itself when a job begins.
set -eu
kind=$1
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build="$root/.build/fuzz-ranks/$kind"
mkdir -p "$build/corpus" "$build/seeds"
python3 "$here/seeds.py" "$build/seeds"
cd "$root"
case $kind in
calls) define=-DCALLS target=SwitchModel ;;
cards) define= target=Ranks ;;
*) echo "calls or cards?" >&2 && exit 1 ;;
esac
# SwiftPM names a package for its folder.
package=$(basename "$root" | tr A-Z a-z)
# The modules below, and their objects, come from an ordinary build.
swift build --target SwitchModel
modules=$(swift build --show-bin-path)
below=$(test $target = Ranks && echo CRanks || echo JSON Tensors CKernels CZlib Checkpoints Ranks CRanks)
for module in $below; do test ! -d "$modules/$module.build" || find "$modules/$module.build" -name '*.o' -printf '"%p"\n'; done >"$build/objects"
swiftc -O -sanitize=fuzzer,address $define -parse-as-library -package-name "$package" -swift-version 6 \
    -enable-upcoming-feature InternalImportsByDefault -enable-upcoming-feature MemberImportVisibility \
    -enable-upcoming-feature ExistentialAny -module-name FuzzRanks -I "$modules/Modules" -I Sources/CZlib \
    -I Sources/COpenBLAS -I Sources/CKernels/include -I Sources/CRanks/include \
    -Xcc -fmodule-map-file="$modules/CKernels.build/module.modulemap" \
    -Xcc -fmodule-map-file="$modules/CRanks.build/module.modulemap" @"$build/objects" -lz -lzstd -lopenblas \
    $(find "Sources/$target" -name "*.swift") "$here/Fuzz.swift" -o "$build/fuzz"
exec "$build/fuzz" -max_total_time="${2:-60}" -max_len=4096 -rss_limit_mb=1024 -timeout=5 -malloc_limit_mb=256 \
    "$build/corpus" "$build/seeds"
