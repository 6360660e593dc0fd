#!/usr/bin/env bash
# Builds the solution once and runs every test project. Needs the .NET SDK that global.json names, and nothing else.
# The last line is "N passed, N failed"; the exit code is 0 only if nothing failed and something passed.
# With CI=true a skipped test counts as failed: there is no machine to skip it for. But for the one that wants a build with
# -p:UseSealNet=true, whose package not every registry serves: its reason begins with that property's name.
#   ./test.sh                   all tests
#   ./test.sh Studies Worker    only tests/Studies and tests/Worker
set -uo pipefail
cd "$(dirname "$0")"

configuration=${CONFIGURATION:-Debug}
seconds_per_project=${TEST_TIMEOUT_SECONDS:-1200}
results=artifacts/test-results
rm -rf "$results"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 TESTINGPLATFORM_TELEMETRY_OPTOUT=1

finish() { # passed failed skipped
  # What failed, once more and together: it stands thousands of lines above.
  grep --no-filename -o '<test [^>]*result="Fail"[^>]*>' "$results"/*.xml 2>/dev/null | sed 's/.* name="\([^"]*\)".*/FAILED \1/'
  if (($3 > 0)); then echo "$3 skipped: each says above what it missed"; fi
  echo "$1 passed, $2 failed"
  if (($2 == 0 && $1 > 0)); then exit 0; else exit 1; fi
}

if ! command -v dotnet >/dev/null; then
  echo "The .NET SDK is missing: install version 10.0.1xx or newer (https://dotnet.microsoft.com/download/dotnet/10.0) and put 'dotnet' on the PATH." >&2
  finish 0 1 0
fi
if ! dotnet --version >/dev/null; then # global.json asks for more than is installed; dotnet has said so
  echo "Install the .NET SDK that global.json names: https://dotnet.microsoft.com/download/dotnet/10.0" >&2
  finish 0 1 0
fi

if ! dotnet build FederatedClinicalMl.sln --configuration "$configuration" --nologo --verbosity quiet -consoleLoggerParameters:NoSummary; then
  echo "The build failed: its errors stand above." >&2
  finish 0 1 0
fi

if (($# > 0)); then projects=("${@/%/.Tests.csproj}"); else projects=(tests/*/*.Tests.csproj); fi
arguments=(-noColor -noLogo)
limit=()
if command -v timeout >/dev/null; then limit=(timeout --kill-after=10 "$seconds_per_project"); fi

mkdir -p "$results"
passed=0 failed=0 skipped=0
for project in "${projects[@]}"; do
  name=$(basename "$project" .csproj) # e.g. Studies.Tests
  program="artifacts/bin/$name/${configuration,,}/FederatedClinicalMl.Tests.${name%.Tests}"
  report="$results/$name.xml"
  started=$SECONDS
  ${limit[@]+"${limit[@]}"} "$program" "${arguments[@]}" -result-xml "$report"
  code=$?

  # The report is written when all tests have ended: where it is missing the test host has died, and that is a failure.
  head=$(grep --max-count=1 -o '<assembly .*' "$report" 2>/dev/null)
  count() { sed -n "s/^<assembly [^>]*\b$1=\"\([0-9]*\)\".*/\1/p" <<<"$head"; }
  ran=$(count passed) broke=$(count failed) errors=$(count errors) left_out=$(count skipped) unmet=0
  if [[ ${CI:-} == true ]]; then unmet=$((${left_out:-0} - $(grep -o '<reason>UseSealNet is off' "$report" 2>/dev/null | wc -l))); fi
  if [[ -z $ran || -z $broke ]]; then
    echo "$name: the test program ended with code $code and left no report; it counts as failed" >&2
    ran=0 broke=1 errors=0 left_out=0
  elif ((code != 0 && broke + errors == 0)); then
    echo "$name: all tests passed, but the test program ended with code $code; it counts as failed" >&2
    errors=1
  elif ((ran + broke + errors + left_out == 0)); then
    echo "$name: no test was found; it counts as failed" >&2
    broke=1
  fi
  if ((unmet > 0)); then
    echo "$name: $unmet skipped that must not be with CI=true; each says above what it missed, and counts as failed" >&2
  fi
  echo "$name: $ran passed, $((broke + errors + unmet)) failed, $((left_out - unmet)) skipped, $((SECONDS - started)) s"
  passed=$((passed + ran)) failed=$((failed + broke + errors + unmet)) skipped=$((skipped + left_out - unmet))
done
finish "$passed" "$failed" "$skipped"
