# Sourced by test.sh and demo.sh in the package's directory: installs what they need, after an announcement.
# This is POSIX sh, because it runs before anything is installed.
# HPC_GAT_NO_INSTALL=1 installs no system package; it prints the list instead.

system_packages='mmdebstrap shellcheck binutils iproute2 python3 python3-pip strace ca-certificates zsh'

if ! command -v npm >/dev/null 2>&1; then
  echo "hpc-gat: npm is missing; fix: install Node.js with npm (Debian: apt-get install nodejs npm)" >&2
  exit 3
fi

if ! [ -x node_modules/.bin/node ] || [ -n "$(find package-lock.json -newer node_modules/.package-lock.json)" ]; then
  echo "hpc-gat: npm ci: the packages of package-lock.json, into node_modules/ (Node 24 among them)" >&2
  npm ci --loglevel=error
fi
PATH=$PWD/node_modules/.bin:$PATH
export PATH

missing=
if command -v dpkg-query >/dev/null 2>&1; then
  for package in $system_packages; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || :)
    [ "$state" = installed ] || missing="$missing $package"
  done
fi

if [ -n "$missing" ]; then
  as_root=
  [ "$(id -u)" = 0 ] || as_root='sudo -n'
  if [ "${HPC_GAT_NO_INSTALL:-}" = 1 ]; then
    echo "hpc-gat: not installed, as HPC_GAT_NO_INSTALL=1 asks:$missing" >&2
  elif [ -n "$as_root" ] && ! sudo -n true 2>/dev/null; then
    echo "hpc-gat: these Debian packages are missing and need root:$missing" >&2
    echo "  fix: sudo apt-get install$missing" >&2
  else
    echo "hpc-gat: installing Debian packages (HPC_GAT_NO_INSTALL=1 opts out):$missing" >&2
    $as_root apt-get update -qq
    # shellcheck disable=SC2086 # a list of words
    DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >/dev/null
  fi
fi
