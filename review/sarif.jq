# Places of results as code scanning takes them: relative to the top of the repository.
#
# `$root` is that top, `$below` the folder below it that egressor ran in.

def plain: @uri | gsub("%2F"; "/");

.runs[].results[].locations[].physicalLocation.artifactLocation.uri |= (
  if startswith($root | plain) then .[($root | plain | length):]
  elif startswith("/") then .
  else ($below | plain) + .
  end
)
