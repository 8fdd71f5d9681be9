# Shared by tests/run.sh and examples/run.sh, which read it with `.` from the top folder. POSIX sh.

say() { printf '%s\n' "== $*"; }
fail() {
  printf '%s\n' "error: $*" >&2
  exit 1
}

# What configuring and building takes, whichever programs are built.
packages="g++ cmake ninja-build libeigen3-dev nlohmann-json3-dev catch2 libcli11-dev libbenchmark-dev"

# need PACKAGE...: installs the Debian packages that are missing, and says which.
need() {
  command -v dpkg-query >/dev/null || {
    say "not a Debian or Ubuntu machine: expecting the like of $* to be there; libraries that are not will be fetched"
    return 0
  }
  missing=
  for package in "$@"; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing="$missing $package"
  done
  [ -n "$missing" ] || return 0

  say "missing on this machine:$missing"
  if [ "$(id -u)" = 0 ]; then
    root=
  elif command -v sudo >/dev/null; then
    root=sudo
  else
    fail "to install them takes root or sudo. As root: apt-get install --no-install-recommends$missing"
  fi
  say "installing with apt-get"
  $root apt-get update -qq || fail "apt-get update failed; is there a network?"
  # shellcheck disable=SC2086
  $root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing >/dev/null ||
    fail "apt-get install failed"
}

# configure: a Release build in build/. DELTANET_CMAKE may hold more arguments for cmake.
configure() {
  found=$(cmake --version | sed -n 's/^cmake version \([0-9]*\.[0-9]*\).*/\1/p')
  [ "${found%.*}" -gt 3 ] || [ "${found#*.}" -ge 25 ] || fail "CMake 3.25 or later is needed, this machine has $found.
       Debian 12, Ubuntu 24.04 and later have it; for older ones see https://apt.kitware.com, or: pip install cmake"
  say "configuring a Release build in build/"
  # shellcheck disable=SC2086
  cmake -S . -B build -G Ninja -DCMAKE_BUILD_TYPE=Release --log-level=NOTICE ${DELTANET_CMAKE-} || fail "cmake failed"
}

# build TARGET: as many compilers at a time as there are processors and 3 GiB of memory for each.
build() {
  jobs=$(nproc 2>/dev/null || echo 2)
  room=$(sed -n 's/^MemAvailable: *\([0-9]*\) kB/\1/p' /proc/meminfo 2>/dev/null)
  room=$((${room:-4194304} / 3145728))
  [ "$room" -ge 1 ] || room=1
  [ "$jobs" -le "$room" ] || jobs=$room
  say "building $1 with $jobs job(s); the first time takes some minutes"
  cmake --build build --target "$1" -j "$jobs" || fail "the build failed"
}
