#!/usr/bin/env bash
# Checks a running proxy in front of the demo backend with curl, and shows how to ask for each thing
# by hand. SHOW=1 prints every command.
#
#   bash examples/curl_examples.sh [http://127.0.0.1:4000]

set -u

base=${1:-${REVERSEIT_URL:-http://127.0.0.1:4000}}
base=${base%/}
host=${base#http://}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0

# curl without a user's settings, with a deadline and HTTP/1.1.
ask() {
  [ "${SHOW:-}" != 1 ] || printf '      curl %s\n' "$*" >&2
  curl --disable --silent --show-error --http1.1 --noproxy '*' --max-time 30 "$@"
}

# expect TITLE ACTUAL PATTERN   a pattern as of `case`
expect() {
  # shellcheck disable=SC2254
  case $2 in
    $3)
      printf 'pass  %s\n' "$1"
      passed=$((passed + 1))
      ;;
    *)
      printf 'FAIL  %s\n      expected %s\n      got %.300s\n' "$1" "$3" "$2"
      failed=$((failed + 1))
      ;;
  esac
}

sha256() {
  if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -d ' ' -f 1
}

status() {
  ask --output /dev/null --write-out '%{http_code}' "$@"
}

printf 'ReverseIt at %s, %s\n\n' "$base" "$(curl --version | head -n 1 | cut -d ' ' -f 1-2)"
if ! ask --output /dev/null "$base/hello" 2>/dev/null; then
  printf 'Nothing listens on %s. Start it with: npm start\n' "$host"
  exit 1
fi

expect 'GET /hello' "$(ask "$base/hello")" 'Hello from the backend.'

expect 'JSON API: list' "$(ask "$base/api/items")" '*"id":1,"name":"one"*'

location=$(ask --dump-header - --output /dev/null "$base/api/items" \
  --header 'content-type: application/json' --data '{"name":"lamp"}' |
  tr -d '\r' | sed -n 's/^[Ll]ocation: //p')
expect 'JSON API: create and read' "$(ask "$base$location")" '*"name":"lamp"*'
expect 'JSON API: delete' "$(status --request DELETE "$base$location")" 204

expect 'POST: the body arrives' "$(ask "$base/echo" --data 'name=lamp')" '*"body": "name=lamp"*'

seen=$(ask "$base/echo" --header 'X-Custom: kept' --header 'Connection: x-private' \
  --header 'X-Private: 1')
expect 'header fields are passed on' "$seen" '*"X-Custom",*"kept"*'
expect 'X-Forwarded-Host is added' "$(printf '%s' "$seen" | tr '[:upper:]' '[:lower:]')" \
  "*\"x-forwarded-host\",*\"$host\"*"
expect 'a field that belongs to the connection is not' \
  "$(printf '%s' "$seen" | grep -ci x-private)" 0

head -c 8388608 /dev/urandom >"$work/up"
sum=$(sha256 <"$work/up")
expect 'upload of 8 MiB with a length' \
  "$(ask --upload-file "$work/up" "$base/upload")" "*\"sha256\": \"$sum\"*"
expect 'upload of 8 MiB in chunks' \
  "$(ask --upload-file - "$base/upload" <"$work/up")" "*\"sha256\": \"$sum\"*"

# What /bytes and /chunked send for that length.
sum=e930a62aed49a6c631ad73d69612485c570e18da0ece82b6c6ea0cc27dc6aaa2
expect 'download of 8 MiB with a length' "$(ask "$base/bytes/8388608" | sha256)" "$sum"
expect 'download of 8 MiB in chunks' "$(ask "$base/chunked/8388608" | sha256)" "$sum"

# It never ends: head closes the pipe after three bytes.
expect 'streaming: an endless response arrives piece by piece' \
  "$(ask --no-buffer "$base/drip?ms=20" 2>/dev/null | head -c 3)" '...'

expect 'server-sent events' "$(ask --no-buffer "$base/sse?n=3&ms=20" | tr '\n' ' ')" \
  'id: 0 data: event 0  id: 1 data: event 1  id: 2 data: event 2 *'

expect 'HEAD' "$(ask --head "$base/bytes/1000" | tr '[:upper:]' '[:lower:]')" '*content-length: 1000*'
expect 'one connection for two requests' \
  "$(ask --write-out ' %{num_connects}' "$base/status/200" "$base/status/200" | tr '\n' ' ')" \
  'status 200  1status 200  0'
expect '404 is passed on' "$(status "$base/nothing")" 404
expect 'redirects are passed on' "$(status "$base/redirect?to=/hello")" 302

long=$(head -c 9000 /dev/zero | tr '\0' a)
expect 'refused with 414: a target that is too long' "$(status "$base/$long")" 414
expect 'refused with 431: a header line that is too long' \
  "$(status --header "X-Long: $long" "$base/hello")" 431
expect 'refused with 413: a body that would be too large' \
  "$(status --request POST --header 'Content-Length: 104857601' --header 'Expect: 100-continue' \
    "$base/upload")" 413
expect 'refused with 400: a length beside chunks' \
  "$(status --request POST --header 'Content-Length: 4' --header 'Transfer-Encoding: chunked' \
    --data 'body' "$base/upload")" 400

# The key and its answer are those of RFC 6455 §1.3. curl waits for frames until its deadline.
expect 'WebSocket: the handshake is answered with 101' \
  "$(ask --include --no-buffer --max-time 2 "$base/ws" --header 'Connection: Upgrade' \
    --header 'Upgrade: websocket' --header 'Sec-WebSocket-Version: 13' \
    --header 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==' 2>/dev/null |
    tr '[:upper:]' '[:lower:]' | tr -d '\0')" \
  'http/1.1 101 *sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo=*'

printf '\n%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" -eq 0 ]
