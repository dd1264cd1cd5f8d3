#!/usr/bin/env bash
# Makes sure that the public base images of the Dockerfile are there: pulls them where a registry can be reached, else makes local
# stand-ins of the same name from Debian's packages and the npm registry. Quick where they are there already.
#
# A stand-in holds what the Dockerfile relies on: Debian, node in /usr/local/bin, npm, the user `node` with id 1000.
# Making one needs root, Docker, debootstrap, npm, and the project's node_modules.
set -euo pipefail
cd "$(dirname "$0")/../.."
say() { echo "images: $*" >&2; }

image=node:26-bookworm-slim
stand_in=onetrigger.stand-in

exists() { docker image inspect "$1" >/dev/null 2>&1; }

exists "$image" && exit 0
if docker pull --quiet "$image" >/dev/null 2>&1; then
  say "$image was pulled"
  exit 0
fi

say "$image cannot be pulled; making a stand-in (about a minute, once)"
[ "$(id -u)" = 0 ] || { say 'making it needs root: debootstrap changes into the new root'; exit 1; }
for tool in docker debootstrap npm; do
  command -v "$tool" >/dev/null || { say "$tool is missing: apt-get install -y --no-install-recommends docker.io debootstrap npm"; exit 1; }
done
node=node_modules/node/bin/node
[ -x "$node" ] || { say "$node is missing: npm ci"; exit 1; }

# Two runs at the same time make it once.
exec 9>"${TMPDIR:-/tmp}/onetrigger-images.lock"
flock 9
exists "$image" && exit 0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/root
if ! debootstrap --variant=minbase --include=libatomic1,libstdc++6,ca-certificates bookworm "$root" >"$work/log" 2>&1; then
  tail -20 "$work/log" >&2
  exit 1
fi
rm -rf "$root"/var/cache/apt/*.bin "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,info,locale,man}/*
install -m 755 "$node" "$root/usr/local/bin/node"
npm install --global --prefix "$root/usr/local" --loglevel=error --no-audit --no-fund npm@11 >&2
# Behind a proxy that signs with an authority of its own: npm in the stand-in trusts what this machine trusts.
trusted=$(npm config get cafile 2>/dev/null)
[ -f "$trusted" ] || trusted=/etc/ssl/certs/ca-certificates.crt
if [ -f "$trusted" ]; then
  install -D -m 644 "$trusted" "$root/usr/local/etc/trusted.crt"
  echo 'cafile=/usr/local/etc/trusted.crt' >"$root/usr/local/etc/npmrc"
fi
chroot "$root" groupadd --gid 1000 node
chroot "$root" useradd --uid 1000 --gid node --shell /bin/bash --create-home node

tar -C "$root" -c . | docker import \
  --change "LABEL $stand_in=true" \
  --change "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin NODE_VERSION=$("$node" --version | tr -d v)" \
  --change 'CMD ["node"]' \
  - "$image" >/dev/null
say "$image: a stand-in of $(docker image inspect --format '{{.Size}}' "$image" | awk '{printf "%.0f MB", $1 / 1e6}')"
