#!/usr/bin/env bash
# Makes sure that public images are there: pulls them where a registry can be reached, else makes local stand-ins of the same name from
# Debian's packages and the npm registry. Quick where they are there already.
#
#   make.sh [image ...]     by default the base image of the Dockerfile
#
# A stand-in holds what the tests rely on and no more. Making one needs root, Docker, and what it says when something is missing.
set -euo pipefail
cd "$(dirname "$0")/../.."
say() { echo "images: $*" >&2; }
exists() { docker image inspect "$1" >/dev/null 2>&1; }
needs() { command -v "$1" >/dev/null || { say "$1 is missing: apt-get install -y --no-install-recommends ${2:-$1}"; exit 1; }; }

base=node:26-bookworm-slim
mark='LABEL onetrigger.stand-in=true'

# Debian, node in /usr/local/bin, npm, the user `node` with id 1000.
make_node() {
  [ "$(id -u)" = 0 ] || { say 'making it needs root: debootstrap changes into the new root'; exit 1; }
  needs debootstrap
  needs npm
  local node=node_modules/node/bin/node root=$work/root trusted
  [ -x "$node" ] || { say "$node is missing: npm ci"; exit 1; }
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
    --change "$mark" \
    --change "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin NODE_VERSION=$("$node" --version | tr -d v)" \
    --change 'CMD ["node"]' \
    - "$1" >/dev/null
}

# Debian's Prometheus where the image has its own, with the same user and command.
make_prometheus() {
  local container
  needs prometheus
  install -d -o 65534 -g 65534 "$work/prometheus"
  container=$(docker create "$base")
  docker cp "$(command -v prometheus)" "$container:/bin/prometheus" >/dev/null
  docker cp --archive "$work/prometheus" "$container:/prometheus" >/dev/null
  docker commit \
    --change "$mark" --change 'USER 65534' --change 'WORKDIR /prometheus' --change 'ENTRYPOINT ["/bin/prometheus"]' \
    --change 'CMD ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]' \
    "$container" "$1" >/dev/null
  docker rm "$container" >/dev/null
}

make() {
  say "$1 cannot be pulled; making a stand-in (about a minute, once)"
  case $1 in
    node:*) make_node "$1" ;;
    prom/prometheus:*)
      ensure "$base"
      make_prometheus "$1"
      ;;
    *) say "there is no stand-in of $1"; exit 1 ;;
  esac
  say "$1: a stand-in of $(docker image inspect --format '{{.Size}}' "$1" | awk '{printf "%.0f MB", $1 / 1e6}')"
}

ensure() {
  exists "$1" && return
  if docker pull --quiet "$1" >/dev/null 2>&1; then
    say "$1 was pulled"
  else
    make "$1"
  fi
}

needs docker docker.io
[ $# -gt 0 ] || set -- "$base"
missing=()
for image in "$@"; do exists "$image" || missing+=("$image"); done
[ ${#missing[@]} -gt 0 ] || exit 0

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# Two runs at the same time make an image once. (Where there is no flock, as on macOS, images can be pulled.)
if command -v flock >/dev/null; then
  exec 9>"${TMPDIR:-/tmp}/onetrigger-images.lock"
  flock 9
fi
for image in "${missing[@]}"; do ensure "$image"; done
