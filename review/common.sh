# shellcheck shell=bash
# What the scripts beside it share: text for a log, and the APIs of GitHub and GitLab.

# Passes text on to a log. A runner takes lines that begin with `::`, or have `##[`, for commands, so none does.
told() {
  tr '\r' ' ' | sed -e 's/##\[/## [/g' -e 's/^/| /'
}

# Passes text on to Markdown. Indented, it is text whatever is in it, and no fence is there to be closed.
quoted() {
  head -c 20000 | tr '\r' ' ' | sed 's/^/    /'
}

# Makes the folder of requests, and the header with REVIEW_TOKEN, in a file that only this user reads:
# `api_begin 'Authorization: Bearer '`.
api_begin() {
  api_work=$(mktemp -d)
  trap 'rm -rf "$api_work"' EXIT
  (
    umask 077
    printf '%s%s\n' "$1" "$REVIEW_TOKEN" >"$api_work/header"
  )
}

# Sends a request and says its status, 000 when there was no answer: `api METHOD URL [FILE]`. The answer is in
# $api_work/answer.
api() {
  local body=() again=0
  # What writes is sent once: it may have been done although there was no answer.
  [ "$1" != GET ] || again=2
  [ $# -lt 3 ] || body=(--header 'Content-Type: application/json' --data-binary "@$3")
  : >"$api_work/answer"
  curl --silent --show-error --request "$1" --proto '=http,https' --max-time 60 --retry "$again" \
    --header "@$api_work/header" --header 'User-Agent: egressor' --output "$api_work/answer" --write-out '%{http_code}' \
    "${body[@]+"${body[@]}"}" -- "$2" || true
}
