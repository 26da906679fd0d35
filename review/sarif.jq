# Places of results as code scanning takes them: at least one each, relative to the top of the repository.
#
# `$root` is that top, `$below` the folder below it that egressor ran in, `$somewhere` the file of results that stand in none.

def relative:
  if startswith($root | @uri | gsub("%2F"; "/")) then .[($root | @uri | gsub("%2F"; "/") | length):]
  elif startswith("/") then .
  else ($below | @uri | gsub("%2F"; "/")) + .
  end;

.runs[].results[] |= (
  if (.locations | length) == 0 then
    .locations = [{physicalLocation: {
      artifactLocation: {uri: ($somewhere | @uri | gsub("%2F"; "/"))},
      region: {startLine: 1}
    }}]
  else . end
  | .locations[].physicalLocation.artifactLocation.uri |= relative
)
