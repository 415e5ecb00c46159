#!/bin/sh
# Swift Package Manager 6.3.1: a C target cannot give up its frame pointer by `-fomit-frame-pointer`.
#
# Seen: with cSettings of .unsafeFlags(["-O3", "-fomit-frame-pointer"]) a release build keeps the frame pointer: the package
# manager appends -fno-omit-frame-pointer after the target's own flags, and says nothing. "-Xclang", "-mframe-pointer=none"
# among the same flags takes it away. To a kernel of AVX-512 that keeps the addresses of twelve rows in registers the one
# register was a third of its speed.
# A good guess: the flags of a target come last, as its -O3 does win over the package manager's -O2.
# Needs Swift 6.3.1 and objdump on the PATH.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
case $(swift --version 2>&1) in *"Swift version 6.3.1 "*) ;; *) echo "This finding is of Swift 6.3.1." >&2; exit 1 ;; esac

# functions_with_frame FLAGS: how many of the target's one function keep a frame pointer.
functions_with_frame() {
    mkdir -p "$folder/$1/Sources/Kernel/include"
    cd "$folder/$1"
    cat >Package.swift <<END
// swift-tools-version: 6.2
import PackageDescription
let package = Package(
    name: "Kernel",
    products: [.library(name: "Kernel", type: .static, targets: ["Kernel"])],
    targets: [.target(name: "Kernel", cSettings: [.unsafeFlags(["-O3", $2])])]
)
END
    echo 'float total(const float *values, unsigned long count);' >Sources/Kernel/include/Kernel.h
    cat >Sources/Kernel/kernel.c <<'END'
#include "Kernel.h"
float total(const float *values, unsigned long count) {
    float sum = 0;
    for (unsigned long i = 0; i < count; i++) sum += values[i];
    return sum;
}
END
    swift build -q -c release >&2
    objdump -d "$(find .build/ -name 'kernel.c.o' | head -n 1)" | grep -c 'push *%rbp' || true
}

omitted=$(functions_with_frame omit '"-fomit-frame-pointer"')
none=$(functions_with_frame none '"-Xclang", "-mframe-pointer=none"')
echo "Swift 6.3.1: functions that keep a frame pointer with -fomit-frame-pointer: $omitted - guessed: 0"
echo "Swift 6.3.1: with -Xclang -mframe-pointer=none: $none"
[ "$omitted" = 1 ] && [ "$none" = 0 ] || { echo "The behaviour changed: the target's flags count."; exit 1; }
