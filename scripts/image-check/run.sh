#!/usr/bin/env bash
# Builds the Dockerfile without an engine, runs the image, asks it, and holds deploy/compose.yaml to it. Needs Debian, root,
# and the Swift that the Dockerfile names. The stand-ins for its bases stay in .build/image-check: remove that to make them anew.
set -euo pipefail
cd "$(dirname "$0")/../.."
here=scripts/image-check image=localhost/switchyard:image-check
if [ "$(id -u)" -ne 0 ]; then
    echo "image-check runs as root: debootstrap makes device files, and the image's folders belong to its users." >&2
    exit 1
fi
needs=(buildah debootstrap docker-compose iproute2)
dpkg -s "${needs[@]}" >/dev/null 2>&1 || scripts/install-packages --no-install-recommends "${needs[@]}"

export STATE=$PWD/.build/image-check
export BUILDAH_ISOLATION=chroot CONTAINERS_STORAGE_CONF=$STATE/storage.conf TMPDIR=$STATE/temporary
mkdir -p "$STATE"
exec 9>"$STATE/lock"
flock --nonblock 9 || { echo "image-check is running already" >&2 && exit 1; }
printf '[storage]\ndriver = "vfs"\ngraphroot = "%s"\nrunroot = "%s"\n' "$STATE/storage" "$STATE/run" >"$CONTAINERS_STORAGE_CONF"

# The storage is this script's own: whatever is in it but the stand-ins was left by this run, or by one that was killed.
clean() {
    buildah rm --all >/dev/null 2>&1 || true
    buildah rmi --force "$image" >/dev/null 2>&1 || true
    buildah rmi --prune >/dev/null 2>&1 || true
    rm -rf "$TMPDIR"
}
trap clean EXIT
clean
mkdir -p "$TMPDIR"

"$here/bases.sh"
begin=$SECONDS
buildah build --quiet --pull-never --format docker --tag "$image" . >"$STATE/build.log" 2>&1 \
    || { tail -n 30 "$STATE/build.log" >&2 && exit 1; }
echo "Dockerfile: built in $((SECONDS - begin)) s"
/usr/bin/python3 -B "$here/check.py" "$image"
