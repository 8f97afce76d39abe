#!/usr/bin/env bash
# The stories of `make test` once more for each way in which state or sockets are outside the program: Azurite stands
# for Azure Tables, the hub's own program for Web PubSub. One after the other, and at the end a line for each.
set -uo pipefail
cd "$(dirname "$0")/../.." || exit

deploy/tools/setup.sh rust bindgen node browser || exit
# shellcheck source=/dev/null # written by setup.sh
. .tools/env
# shellcheck source=parts.sh
. deploy/tools/parts.sh

echo "test-azure: compiling, and then three times the stories (about 10 minutes each)"
deploy/tools/site.sh || exit
cargo build --locked -p server -p hub -p wire -p app || exit

# stories SETTING...: all of them, with these settings
stories() { (cd end2end && env "$@" npm test --silent); }

part "Sockets outside" stories CHATR_SOCKETS=hub
part "State outside" stories CHATR_STATE=azurite
part "Both, two servers" stories CHATR_STATE=azurite CHATR_SOCKETS=hub CHATR_REPLICAS=2

close
