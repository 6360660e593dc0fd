#!/usr/bin/env bash
# Builds what is installed: a folder for each program, with everything that it needs, .NET included. Needs the .NET SDK that global.json
# names, and takes ten to fifteen minutes on two cores, most of it compiling ahead of time so that the programs start quickly.
#   deploy/publish.sh                          all programs, for this machine, into out/
#   deploy/publish.sh /opt/fcml linux-x64      into another folder, for a named platform (linux-x64, win-x64)
#   deploy/publish.sh out linux-x64 site-agent site-worker      what a hospital needs, and no more; site-import too where its data are in a database, site-scoring where models answer, site-console for a steward who decides by pages
set -euo pipefail
cd "$(dirname "$0")/.."

folder=${1:-out}
platform=${2:-}
programs=("${@:3}")
if ((${#programs[@]} == 0)); then programs=(coordinator site-agent site-worker site-import site-scoring site-console fcml); fi
declare -A project=([coordinator]=coordinator [site-agent]=site-agent/Gateway [site-worker]=site-agent/Worker [site-import]=site-agent/Import [site-scoring]=site-agent/Scoring [site-console]=site-agent/Console [fcml]=cli)

# A place of its own for intermediate files: what is built for development stays as it is.
options=(--configuration Release --nologo --verbosity quiet -p:Installable=true "-p:ArtifactsPath=$PWD/artifacts/installable/")
if [[ -n $platform ]]; then options+=(--runtime "$platform"); fi
for program in "${programs[@]}"; do
  if [[ -z ${project[$program]:-} ]]; then
    echo "There is no program '$program'; there are: coordinator site-agent site-worker site-import site-scoring site-console fcml." >&2
    exit 2
  fi

  started=$SECONDS
  dotnet publish "${project[$program]}" "${options[@]}" --output "$folder/$program"
  rm -f "$folder/$program/launch.list" # names folders of this build; installed programs find each other side by side
  echo "$folder/$program: $(du -sh "$folder/$program" | cut -f1), $((SECONDS - started)) s"
done
