#!/bin/bash
# Creates the Docker build context of the Triton CPU image:
#
#     build-context.sh [DIR]      default ${XDG_CACHE_HOME:-~/.cache}/hpc-gat/triton-cpu
#     docker build -t hpc-gat/triton-cpu DIR
#
# It needs a network, about 3 GB of free disk, mmdebstrap, Debian's archive keys and Python with pip;
# root, or a user with subuids for mmdebstrap's unshare mode. It runs on x86-64 only, like the wheel.
# DEBIAN_MIRROR=URL overrides the mirror, by default that of this machine's apt.
#
# DIR is replaced as a whole when everything is ready. Unchanged parts are reused from DIR, so a
# second run takes no time; remove DIR to get newer Debian packages. The script prints DIR on stdout, progress on stderr.
set -euo pipefail
umask 022 # every user of the image must be able to read its files

case ${1-} in
-h | --help)
  sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p;}' "$0"
  exit 0
  ;;
-*)
  echo "build-context: unknown option $1; usage: build-context.sh [DIR]" >&2
  exit 2
  ;;
esac

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
target=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/hpc-gat/triton-cpu}
target=$(realpath -m -- "$target")

suite=trixie
python_version=3.13 # of that suite; the wheel has one stub for each version
packages=(python3 python3-torch python3-numpy libpython3.13 libopenblas0-pthread)
# These are documentation, files for compiling and testing, and libraries for AMD GPUs that Open MPI's
# UCX depends on. torch_shm_manager stays, because torch searches for it on import.
excluded_paths=(
  '/usr/share/doc/*' '/usr/share/man/*' '/usr/share/locale/*' '/usr/share/info/*' '/usr/include/*'
  '/usr/lib/libtorch-test/*'
  '/usr/lib/python3/dist-packages/torch/bin/*test*'
  '/usr/lib/python3/dist-packages/torch/bin/*Test'
  '/usr/lib/python3/dist-packages/torch/bin/tutorial_tensorexpr'
  '/usr/lib/*/libLLVM*' '/usr/lib/*/libamd_comgr*' '/usr/lib/*/libamdhip64*'
)
included_paths=('/usr/share/doc/*/copyright')
# Tests of Python packages are removed after the installation, which compiles them and fails without them.
tested_packages=(fsspec networkx numpy sympy)

say() { echo "build-context: $*" >&2; }

fail() {
  say "$1"
  exit 1
}

# --- Interruption: no partial files remain, and a signal ends a download at once. ---

work=
child=

remove_work() { [[ -z $work ]] || rm -rf "$work"; }

stopped() {
  trap '' INT TERM HUP
  if [[ -n $child ]]; then
    kill -TERM -- "-$child" 2>/dev/null || true
    wait "$child" || true
  fi
  say "stopped; $target is as it was"
  exit "$1"
}

trap remove_work EXIT
trap 'stopped 129' HUP
trap 'stopped 130' INT
trap 'stopped 143' TERM

# Runs a command in the background, so that bash handles signals in the meantime; its output is progress. It
# gets a process group, because mmdebstrap alone would first wait for its children to finish.
run() {
  local status=0
  setsid "$@" >&2 &
  child=$!
  wait "$child" || status=$?
  child=
  return "$status"
}

# --- The parts ---

# Prints the mirrors of this machine's apt as sources for the image's suite.
apt_sources() {
  local mirror=${DEBIAN_MIRROR:-} security
  [[ -n $mirror ]] || mirror=$(apt_uri 'debian')
  security=$(apt_uri 'debian-security')
  mirror=${mirror:-http://deb.debian.org/debian}
  echo "deb $mirror $suite main"
  echo "deb $mirror $suite-updates main"
  [[ -z $security ]] || echo "deb $security $suite-security main"
}

# Prints the first address in apt's sources whose last part is $1, in either of apt's two formats.
apt_uri() {
  local files=(/etc/apt/sources.list.d/*.sources /etc/apt/sources.list /etc/apt/sources.list.d/*.list) uris
  uris=$(sed -nE "s#^(URIs:|deb( \[[^]]*\])?)[[:space:]]+([^[:space:]]+/$1)/?([[:space:]].*)?\$#\3#p" \
    "${files[@]}" 2>/dev/null) || true # not every machine has all of them
  echo "${uris%%$'\n'*}"
}

make_rootfs() { # FILE
  local option options=() sources
  for option in "${tested_packages[@]}"; do
    options+=("--customize-hook=find \"\$1\"/usr/lib/python3/dist-packages/$option -type d -name tests -prune -exec rm -r {} +")
  done
  for option in "${excluded_paths[@]}"; do options+=("--dpkgopt=path-exclude=$option"); done
  for option in "${included_paths[@]}"; do options+=("--dpkgopt=path-include=$option"); done
  sources=$work/sources.list
  apt_sources >"$sources"
  say "Debian $suite with torch, from $(sed -n '1s/^deb \([^ ]*\) .*/\1/p' "$sources") (about a minute)"
  # The dates are not checked, because a mirror may be a snapshot and a clock may be wrong; the
  # signatures are checked.
  run mmdebstrap --variant=minbase --format=tar --include="$(IFS=,; echo "${packages[*]}")" \
    --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Check-Date "false"' \
    "${options[@]}" "$suite" "$1" "$sources" ||
    fail "mmdebstrap failed (see above); on a machine that is not Debian, install its archive keys: debian-archive-keyring"
  rm "$sources"
}

make_triton() { # DIRECTORY
  local wheel=$work/wheel server=$1/opt/tritonserver
  say "tritonserver and its Python backend, from PyPI's nvidia-pytriton"
  run python3 -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes \
    --only-binary=:all: --platform manylinux_2_35_x86_64 --python-version "$python_version" \
    --dest "$wheel" --requirement "$here/pytriton.txt" ||
    fail "pip could not download the wheel of $here/pytriton.txt (see above)"
  run python3 -m zipfile -e "$wheel"/*.whl "$wheel"

  mkdir -p "$server"/{bin,lib,backends/python,caches} "$1/models"
  mv "$wheel"/nvidia_pytriton.libs/* "$server/lib/"
  cd "$wheel/pytriton/tritonserver"
  mv bin/tritonserver "$server/bin/"
  mv backends/python/* "python_backend_stubs/$python_version/triton_python_backend_stub" "$server/backends/python/"
  mv caches/local "$server/caches/"
  cd "$OLDPWD"
  cp "$wheel"/nvidia_pytriton-*.dist-info/licenses/LICENSE "$server/LICENSE.pytriton"
  chmod 755 "$server/bin/tritonserver" "$server/backends/python/triton_python_backend_stub" # zipfile drops modes
  { echo && cat "$here/numpy2-bridge.py"; } >>"$server/backends/python/triton_python_backend_utils.py"

  # Server and backends search for their libraries here, relative to themselves.
  ln -s /opt/tritonserver/lib "$1/nvidia_pytriton.libs"
  # The wheel's own libpython does not find Debian's compiled modules.
  local python_library
  python_library=$(cd "$server/lib" && echo libpython*"${python_version#3}".so.1.0)
  ln -sf "/usr/lib/x86_64-linux-gnu/libpython$python_version.so.1.0" "$server/lib/$python_library"

  # Fixed times make the layer reproducible.
  find "$1" -exec touch -h -d '2025-01-01T00:00:00Z' {} +
  rm -rf "$wheel"
}

# --- Their inputs ---

key_of() { sha256sum | cut -d ' ' -f 1; }

rootfs_key=$({
  printf '%s\n' "$suite" "${packages[@]}" - "${excluded_paths[@]}" - "${included_paths[@]}" - "${tested_packages[@]}"
  declare -f make_rootfs
} | key_of)
triton_key=$({ echo "$python_version"; declare -f make_triton; cat "$here/pytriton.txt" "$here/numpy2-bridge.py"; } | key_of)
own_key=$(cat "$here/Dockerfile" "$here/backends/pytorch/model.py" | key_of)
keys="rootfs $rootfs_key
triton $triton_key
own $own_key"

has_key() { grep -qxF -- "$1" "$target/.keys" 2>/dev/null; }

if [[ -e $target && ! -e $target/.keys && -n $(ls -A -- "$target") ]]; then
  fail "$target is not a build context made by this script; give another directory, or remove it"
fi
if [[ $(cat "$target/.keys" 2>/dev/null) == "$keys" ]]; then
  say "$target is up to date"
  echo "$target"
  exit 0
fi

[[ $(uname -m) == x86_64 ]] || fail "the wheel of tritonserver exists for x86-64 only, this machine is $(uname -m)"
command -v mmdebstrap >/dev/null || fail "mmdebstrap is missing: apt-get install mmdebstrap"
python3 -m pip --version >/dev/null 2>&1 || fail "Python's pip is missing: apt-get install python3-pip"

# --- The context ---

mkdir -p "$(dirname "$target")"
work=$(mktemp -d "$target.part.XXXXXX")
context=$work/context
mkdir -p "$context/backends/pytorch"

# Unchanged parts are hard links, neither created nor copied again.
if has_key "rootfs $rootfs_key"; then
  ln "$target/rootfs.tar" "$context/rootfs.tar"
else
  make_rootfs "$context/rootfs.tar"
fi
if has_key "triton $triton_key"; then
  cp -al "$target/triton" "$context/triton"
else
  make_triton "$context/triton"
fi
install -m 644 "$here/Dockerfile" "$context/Dockerfile"
install -m 644 "$here/backends/pytorch/model.py" "$context/backends/pytorch/model.py"
touch -d '2025-01-01T00:00:00Z' "$context/backends/pytorch/model.py" "$context/backends/pytorch"
echo .keys >"$context/.dockerignore"
echo "$keys" >"$context/.keys"

trap '' INT TERM HUP # the two renames must not be separated
[[ ! -e $target ]] || mv -T -- "$target" "$work/old"
mv -T -- "$context" "$target"
say "made $target ($(du -sh -- "$target" | cut -f 1))"
echo "$target"
