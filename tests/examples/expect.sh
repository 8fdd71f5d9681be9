# Read by the tests of programs with `.`, once $program is set: goes to a folder of its own, which is removed at the end.
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder" || exit 1
failures=0

fail() {
  echo "FAILED: $*"
  failures=$((failures + 1))
}

# refuses MESSAGE ARGUMENT...: exit code 2, nothing on stdout, one line on stderr that contains MESSAGE.
refuses() {
  message=$1
  shift
  "$program" "$@" >out 2>err
  code=$?
  [ $code -eq 2 ] || fail "$*: expected exit code 2, got $code"
  [ -s out ] && fail "$*: expected nothing on stdout, got $(cat out)"
  [ "$(wc -l <err)" -eq 1 ] || fail "$*: expected one line on stderr, got $(cat err)"
  grep -qF -e "$message" err || fail "$*: expected \"$message\", got $(cat err)"
}

# finish: ends the test.
finish() {
  [ $failures -eq 0 ] && echo "all passed"
  exit $((failures > 0))
}
