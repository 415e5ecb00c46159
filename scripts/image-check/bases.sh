#!/usr/bin/env bash
# Makes what stands in for the Dockerfile's two bases, under their own names: debian:SUITE-slim by debootstrap from the
# machine's Debian mirror, and swift:VERSION-SUITE from that and the machine's toolchain. What is there stays.
set -euo pipefail

mapfile -t bases < <(sed -nE 's/^FROM ([^ ]+).*/\1/p' Dockerfile)
swift=${bases[0]} debian=${bases[1]}
suite=${swift##*-} version=${swift#swift:} version=${version%%-*}
# What the public image of Swift installs beside the toolchain.
swift_needs=(binutils gcc git libcurl4-openssl-dev libedit-dev libicu-dev libncurses-dev libpython3-dev libsqlite3-dev
    libstdc++-12-dev libxml2-dev pkg-config tzdata uuid-dev)

fail() { echo "image-check: $*" >&2 && exit 1; }

# Where and how this machine's apt fetches Debian.
apt_configuration() {
    apt-get indextargets --format 'deb $(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' \
        | grep -E " $suite(-updates|-security)? " | sort -u >"$1/etc/apt/sources.list"
    apt-config dump | grep '^Acquire::' | grep -v '^Acquire::IndexTargets' >"$1/etc/apt/apt.conf.d/99machine"
}

# As the public slim base: no documentation, no translations, no caches of apt, nor those of later packages.
slim() {
    for folder in doc info locale man; do
        echo "path-exclude /usr/share/$folder/*"
        rm -rf "${1:?}/usr/share/$folder"/*
    done >"$1/etc/dpkg/dpkg.cfg.d/slim"
    printf '%s "%s";\n' Dir::Cache::pkgcache '' Dir::Cache::srcpkgcache '' APT::Keep-Downloaded-Packages false \
        >"$1/etc/apt/apt.conf.d/99slim"
    rm -rf "$1"/var/cache/apt/* "$1"/var/lib/apt/lists/* "$1"/var/log/*
}

make_debian() {
    local mirror container root
    mirror=$(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Origin: Debian' | sed -n "s/ $suite\$//p" | head -n 1)
    [ -n "$mirror" ] || fail "apt here knows no mirror of Debian $suite; run apt-get update"
    container=$(buildah from scratch)
    root=$(buildah mount "$container")
    debootstrap --variant=minbase "$suite" "$root" "$mirror" >"$STATE/debootstrap.log" || fail "see $STATE/debootstrap.log"
    slim "$root"
    apt_configuration "$root"
    buildah config --cmd bash --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$container"
    buildah commit --quiet --rm "$container" "docker.io/library/$debian" >/dev/null
}

# The places git goes to instead of those a URL names; where they are folders, with the folders.
git_configuration() {
    local key url folder
    while read -r key url; do
        git config --file "$1/etc/gitconfig" --add "$key" "$url"
        folder=${key#url.} folder=${folder%.insteadof} folder=${folder#file://}
        if [ -d "$folder" ] && [ ! -e "$1$folder" ]; then
            mkdir -p "$1$folder"
            cp -a "$folder/." "$1$folder"
        fi
    done < <(git config --get-regexp '^url\..*\.insteadof$')
}

make_swift() {
    local toolchain container root
    swift --version 2>/dev/null | grep -q "Swift version $version[. ]" || fail "swift here is not $version, which $swift is"
    toolchain=$(swiftc -print-target-info | sed -nE 's,.*"runtimeResourcePath": "(.*)/lib/swift".*,\1,p')
    [ "$toolchain" != /usr ] || fail "a toolchain in a folder of its own is needed, not one in /usr"
    container=$(buildah from --pull-never "docker.io/library/$debian")
    root=$(buildah mount "$container")
    buildah run "$container" -- sh -ec 'export DEBIAN_FRONTEND=noninteractive
        apt-get update -qq && apt-get install -y -qq "$@" && rm -rf /var/lib/apt/lists/*' sh "${swift_needs[@]}" \
        >"$STATE/packages.log" 2>&1 || fail "see $STATE/packages.log"
    cp -a "$toolchain/." "$root/usr"
    git_configuration "$root"
    buildah commit --quiet --rm "$container" "docker.io/library/$swift" >/dev/null
}

for base in debian swift; do
    name=${!base}
    if [ -n "$(buildah images --quiet "docker.io/library/$name" 2>/dev/null)" ]; then
        echo "$name: the stand-in made before"
    else
        begin=$SECONDS
        "make_$base"
        echo "$name: stand-in made in $((SECONDS - begin)) s"
    fi
done
