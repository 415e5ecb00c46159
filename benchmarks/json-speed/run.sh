#!/bin/sh
# JSON before there was one parser for all and now, in turn. Usage: benchmarks/json-speed/run.sh [ROUNDS]
#
# Before is commit 7c84e63: a parser of checkpoints' own, Foundation's behind a checker for request bodies, Foundation's
# decoder for files of tokenizers, its encoder for answers.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
build="$root/.build/json-speed"
before="$build/before/Sources"
rm -rf "$build"
mkdir -p "$build/before"
cd "$root"
git archive 7c84e63 Sources/Checkpoints Sources/InferenceAPI/JSON Sources/Tokenization | tar -x -C "$build/before"

# module NAME FILE...: compiles the files to a module that those after it may import.
module() {
    name=$1
    shift
    swiftc -O -wmo -parse-as-library -package-name switchyard -swift-version 6 \
        -enable-upcoming-feature InternalImportsByDefault -enable-upcoming-feature MemberImportVisibility \
        -enable-upcoming-feature ExistentialAny -module-name "$name" -I "$build" \
        -emit-module -emit-module-path "$build/$name.swiftmodule" -c "$@" -o "$build/$name.o"
}
# tokenization FOLDER: the sources, there or now, that a tokenizer.json is read to.
tokenization() {
    for file in SpecialTokens/AddedToken Token TokenizerDescription TokenizerError Unigram/DecimalReading; do
        echo "$1/Tokenization/$file.swift"
    done
}
module JSON Sources/JSON/*.swift
module CheckpointsBefore "$before"/Checkpoints/JSON*.swift "$before/Checkpoints/Quoted.swift"
module BodiesBefore "$before"/InferenceAPI/JSON/JSON*.swift "$here/BodiesBefore.swift"
module TokenizersBefore $(tokenization "$before") "$before/Tokenization/Unigram/TokenizerFile.swift" \
    "$here/TokenizersBefore.swift"
module TokenizersNow $(tokenization Sources) Sources/Tokenization/TokenizerDescription+JSON.swift \
    Sources/Tokenization/TokenizerValue.swift "$here/TokenizersNow.swift"
swiftc -O -parse-as-library -package-name switchyard -swift-version 6 -I "$build" "$build"/*.o -lm \
    "$here/Inputs.swift" "$here/Main.swift" Tests/TestSupport/SplitMix.swift -o "$build/json-speed"
exec "$build/json-speed" "${1:-31}"
