"""The rules that what lies in deploy/ keeps, read from the files alone. Runs nothing and asks nobody.

A rule is a function from files to complaints. With each stand the ways to break it: they are tried on copies in
memory every time, because a rule that cannot fail is none. The settings that exist are read from the server's source,
as are the paths that it answers and how long it takes to stop. One long file, because its rules are one list: what
deploy/ promises, each promise with the ways in which it could be broken.

    python deploy/tools/templates.py        prints `ok ...` or `not ok ...` for each rule; fails if any is broken
"""

import json
import re
import sys
from pathlib import Path

import yaml
from pycep import BicepParser

ROOT = Path(__file__).resolve().parents[2]

APP = "deploy/azure/chatr.bicep"
RESOURCES = "deploy/azure/resources.bicep"
MAIN = "deploy/azure/main.bicep"
AZD = "deploy/azure.yaml"
DOCKERFILE = "deploy/Dockerfile"
UNIT = "deploy/systemd/chatr.service"
UNIT_SETTINGS = "deploy/systemd/chatr.env"
NGINX = "deploy/proxy/nginx.conf"
CADDY = "deploy/proxy/Caddyfile"
PAGE = "docs/deployment.md"
CONFIG = "server/src/config.rs"
SIGN_IN = "server/src/config/sign_in.rs"

# Settings that the app on Azure is not given, and why. What is here, in chatr.bicep or in the Dockerfile is every
# setting there is: a new one needs a decision.
LEFT_AT_DEFAULT = {
    "AZURE_AUTHORITY_HOST": "the public cloud is meant",
    "CHATR_ADMIN_ADDR": "Container Apps measures by itself, and lets nobody but the ingress in",
    "CHATR_HUB_KEY": "there is no embedded hub",
    "CHATR_IDLE_SECONDS": "the default is meant",
    "CHATR_LIMITS": "for load tests only",
    "CHATR_GITHUB_API_URL": "who wants providers adds them to the app: docs/sign-in.md",
    "CHATR_GITHUB_CLIENT_ID": "as above",
    "CHATR_GITHUB_CLIENT_SECRET": "as above",
    "CHATR_GITHUB_URL": "as above",
    "CHATR_MICROSOFT_CLIENT_ID": "as above",
    "CHATR_MICROSOFT_CLIENT_SECRET": "as above",
    "CHATR_MICROSOFT_TENANT_ID": "as above",
    "CHATR_OIDC_CLIENT_ID": "as above",
    "CHATR_OIDC_CLIENT_SECRET": "as above",
    "CHATR_OIDC_ISSUER": "as above",
    "CHATR_OIDC_NAME": "as above",
    "CHATR_PASSKEYS": "the default is meant",
    "CHATR_PLATFORM_PROVIDERS": "no platform signs people in for it",
    "LEPTOS_SITE_ROOT": "the image has the site beside the program",
    "PUBSUB_CONNECTION_STRING": "holds a key; the identity needs none",
    "STORAGE_CONNECTION_STRING": "holds a key; the identity needs none",
}

# Variables in our templates that are not Chatr's own settings.
OF_THE_PLATFORM = {}

# What azd knows without any output of ours.
OF_AZD = {"AZURE_ENV_NAME", "AZURE_LOCATION", "AZURE_SUBSCRIPTION_ID", "SERVICE_CHATR_IMAGE_NAME"}

# Built-in roles: id -> what it is for, and the resource that it may be given on.
ROLES = {
    "12cf5a90-567b-43ae-8102-96cf46c7d9b4": ("Web PubSub Service Owner", "Microsoft.SignalRService/webPubSub"),
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": ("Storage Table Data Contributor", "Microsoft.Storage/storageAccounts"),
    "7f951dda-4ed3-4680-a7ca-43fe172d538d": ("AcrPull", "Microsoft.ContainerRegistry/registries"),
}

RULES = []


def rule(sentence, *breaks):
    """Registers a rule with the changes `(path, old, new)` that it must complain about."""

    def register(function):
        RULES.append((sentence, function, breaks))
        return function

    return register


# --- Reading ----------------------------------------------------------------------------------------------------------


def repository():
    """The files that rules read, by path."""
    paths = [path for path in (ROOT / "deploy").rglob("*") if path.is_file() and ".azure" not in path.parts]
    paths += [ROOT / path for path in (CONFIG, SIGN_IN, "server/src/events.rs", "server/src/web.rs", "server/src/listen.rs", PAGE, ".dockerignore")]
    return {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in paths}


parsed = {}


def bicep(files, path):
    text = files[path]
    if text not in parsed:
        parsed[text] = BicepParser().parse(text=text)
    return parsed[text]


def bicep_paths(files):
    return sorted(path for path in files if path.endswith(".bicep"))


def resources(files, kind):
    """`(symbol, config)` of each resource of that type that we make, wherever it stands."""
    found = []
    for path in bicep_paths(files):
        for symbol, resource in bicep(files, path).get("resources", {}).items():
            if resource["type"] == kind and not resource["existing"]:
                found.append((symbol, resource["config"]))
    return found


def only(found, what):
    if len(found) != 1:
        raise LookupError(f"there must be one {what}, and there are {len(found)}")
    return found[0][1]


def at(value, path):
    """What stands at `a.b.0.c`; nothing if there is no such place."""
    for key in path.split("."):
        if isinstance(value, list) and key.isdigit() and int(key) < len(value):
            value = value[int(key)]
        elif isinstance(value, dict) and key in value:
            value = value[key]
        else:
            return None
    return value


def settings(files):
    """Every setting of the program -> whether it is a secret."""
    text = "".join(files[path].split("#[cfg(test)]")[0] for path in [CONFIG, SIGN_IN])
    return {name: "hide_env_values = true" in rest for name, rest in re.findall(r'\benv = "([A-Z_]+)"([^\]]*)\]', text)}


def container(files):
    return at(only(resources(files, "Microsoft.App/containerApps"), "app"), "properties.template.containers.0")


def template_settings(files):
    """The environment in the app's template: name -> its entry."""
    return {entry["name"]: entry for entry in container(files)["env"]}


def image_settings(files):
    joined = files[DOCKERFILE].replace("\\\n", " ")
    return dict(re.findall(r"(\w+)=(\S+)", " ".join(re.findall(r"^ENV (.*)$", joined, re.M))))


def unit_settings(files):
    """What the unit and its file of settings say, the suggestions behind a `#` included."""
    unit = re.findall(r"^Environment=(\w+)=(.*)$", files[UNIT], re.M)
    return dict(unit + re.findall(r"^#?([A-Z_]+)=(.*)$", files[UNIT_SETTINGS], re.M))


def code(text):
    """Bicep without comments and without the literal parts of its strings."""
    out, i, inside = [], 0, []  # inside: for each open string its depth of braces in `${`, or None in literal text
    while i < len(text):
        if inside and inside[-1] is None:
            if text.startswith("${", i):
                inside[-1], i = 0, i + 1
                out.append(" ( ")
            elif text[i] == "\\":
                i += 1
            elif text[i] == "'":
                inside.pop()
                out.append("'")
        elif text.startswith("//", i):
            i = (text + "\n").index("\n", i)
            continue
        elif text[i] == "'":
            inside.append(None)
            out.append("'")
        elif inside and text[i] == "}" and inside[-1] == 0:
            inside[-1] = None
            out.append(" ) ")
        else:
            if inside and text[i] in "{}":
                inside[-1] += 1 if text[i] == "{" else -1
            out.append(text[i])
        i += 1
    return "".join(out)


# --- Bicep ------------------------------------------------------------------------------------------------------------

KEYWORDS = set("targetScope param var resource module output existing for in if true false null string int bool object array".split())
FUNCTIONS = set(
    "guid json subscription subscriptionResourceId toLower uniqueString description secure allowed minLength maxLength minValue maxValue".split()
)


@rule(
    "every template parses",
    (APP, "probes: [", "probes: [["),
    (RESOURCES, "param tags object", "param tags"),
)
def parses(files):
    complaints = []
    for path in bicep_paths(files):
        try:
            bicep(files, path)
        except Exception as why:  # whatever the parser stumbles over
            complaints.append(f"{path}: {str(why).splitlines()[0]}")
    return complaints


@rule(
    "every name in a template is declared, and every parameter used",
    (APP, "server: registryEndpoint", "server: registryEndpiont"),
    (RESOURCES, "workspaceId: logs.id", "workspaceId: log.id"),
    (MAIN, "token: toLower(", "token: toLowerCase("),
    (APP, "value: guests", "value: 'on'"),
)
def names_are_declared(files):
    complaints = []
    for path in bicep_paths(files):
        text = code(files[path])
        declared = set(re.findall(r"^(?:param|var|resource|module) (\w+)", text, re.M))
        loops = set(re.findall(r"\[for (\w+) in", text))
        body = re.sub(r"^(param|var|resource|module|output) \w+", r"\1", text, flags=re.M)
        body = re.sub(r"^\s*\w+:", "", body, flags=re.M)
        used = set(re.findall(r"(?<![\w.@])([A-Za-z_]\w*)\b(?!\s*\()", body))
        called = set(re.findall(r"(?<![\w.])@?([A-Za-z_]\w*)\(", body))
        complaints += [f"{path}: {name} is not declared" for name in sorted(used - declared - loops - KEYWORDS)]
        complaints += [f"{path}: {name}() is no function that we use" for name in sorted(called - FUNCTIONS - KEYWORDS)]
        given = set(re.findall(r"^(?:param|var) (\w+)", text, re.M))
        complaints += [f"{path}: {name} is not used" for name in sorted(given - used)]
    return complaints


@rule(
    "every template is given exactly its parameters",
    (MAIN, "    webPubSubSku: webPubSubSku\n", ""),
    ("deploy/azure/chatr.parameters.json", '"identityName"', '"identity"'),
    ("deploy/azure/chatr.parameters.json", "${CHATR_IDENTITY_NAME}", "${CHATR_IDENTITY}"),
    (MAIN, "output CHATR_IDENTITY_NAME", "output CHATR_IDENTITY"),
    (MAIN, "resources.outputs.identityName", "resources.outputs.identity"),
)
def parameters_fit(files):
    complaints = []

    def compare(where, given, path):
        wanted = bicep(files, path)["parameters"]
        needed = {name for name, parameter in wanted.items() if parameter["default"] is None}
        complaints.extend(f"{where}: {path} knows no {name}" for name in sorted(set(given) - set(wanted)))
        complaints.extend(f"{where}: {path} needs {name}" for name in sorted(needed - set(given)))

    hooks = re.findall(r"azd env set (\w+)", files[AZD])
    outputs = set(bicep(files, MAIN)["outputs"])
    for path in (MAIN, APP):
        where = path.replace(".bicep", ".parameters.json")
        given = json.loads(files[where])["parameters"]
        compare(where, given, path)
        for name in re.findall(r"\$\{(\w+)\}", files[where]):
            if name not in OF_AZD | outputs | set(hooks):
                complaints.append(f"{where}: {name} is nobody's output")
    for name, module in bicep(files, MAIN)["modules"].items():
        path = "deploy/azure/" + module["detail"]["path"]
        compare(f"{MAIN}: module {name}", module["config"]["params"], path)
        made = set(bicep(files, path)["outputs"])
        for output in re.findall(rf"\b{name}\.outputs\.(\w+)", files[MAIN]):
            if output not in made:
                complaints.append(f"{MAIN}: {path} has no output {output}")
    return complaints


@rule(
    "azd finds what it is told about",
    (AZD, "path: azure", "path: infra"),
    (AZD, "deploy/Dockerfile", "Dockerfile"),
    (AZD, "  chatr:\n", "  web:\n"),
    (APP, "'azd-service-name': 'chatr'", "'azd-service-name': 'web'"),
)
def azd_finds_everything(files):
    project = yaml.safe_load(files[AZD])
    folder = "deploy/" + project["infra"]["path"]
    complaints = []
    [(name, service)] = project["services"].items()
    context = (ROOT / "deploy" / service["project"]).resolve()
    if context != ROOT:
        complaints.append(f"{AZD}: the image is built from the repository's root, not from {service['project']}")
    for path in (f"{folder}/{project['infra']['module']}.bicep", f"{folder}/{name}.bicep", service["docker"]["path"]):
        if path not in files:
            complaints.append(f"{AZD}: there is no {path}")
    tags = only(resources(files, "Microsoft.App/containerApps"), "app")["tags"]
    if tags.get("'azd-service-name'") != name:
        complaints.append(f"{APP}: the app's tag azd-service-name must be {name}")
    return complaints


# --- Settings ---------------------------------------------------------------------------------------------------------


@rule(
    "the app on Azure is given every setting of the program, or it is said why not",
    (APP, "'STORAGE_ACCOUNT_NAME'", "'STORAGE_ACCOUNT'"),
    (DOCKERFILE, "CHATR_DATA_DIR=", "CHATR_DATA="),
    (CONFIG, 'env = "CHATR_GUESTS"', 'env = "CHATR_VISITORS"'),
    (CONFIG, "    guests: String,", '    guests: String,\n    #[arg(long, env = "CHATR_NEW")]\n    new: String,'),
)
def settings_are_complete(files):
    known, image, template = set(settings(files)), set(image_settings(files)), set(template_settings(files))
    given = (template - (set(OF_THE_PLATFORM) - known)) | image
    left = set(LEFT_AT_DEFAULT)
    complaints = [f"{name} is no setting of the program" for name in sorted((given | left) - known)]
    complaints += [f"{name} is set, and said to be left alone" for name in sorted(given & left)]
    complaints += [f"{name}: set it in {APP} or say in templates.py why it is left alone" for name in sorted(known - given - left)]
    return complaints


@rule(
    "what else names a setting names one that exists",
    (UNIT, "CHATR_DATA_DIR", "CHATR_DATA"),
    (UNIT_SETTINGS, "#CHATR_GUESTS", "#CHATR_VISITORS"),
    (CADDY, "CHATR_TRUST_PROXY", "CHATR_TRUSTED_PROXIES"),
    (PAGE, "CHATR_PUBLIC_URL", "CHATR_ADDRESS"),
)
def settings_exist(files):
    azds = set(bicep(files, MAIN)["outputs"]) | set(bicep(files, APP)["outputs"]) | {"CHATR_WEB_PUBSUB_SKU"}
    known = set(settings(files)) | azds
    complaints = []
    for path in [UNIT, UNIT_SETTINGS, NGINX, CADDY, DOCKERFILE, AZD, PAGE]:
        named = set(re.findall(r"\b(?:CHATR|LEPTOS|PUBSUB|STORAGE)_[A-Z_]+[A-Z]\b", files[path]))
        complaints += [f"{path}: {name} is no setting" for name in sorted(named - known)]
    return complaints


@rule(
    "no secret is written down, and none leaves a deployment",
    (APP, "secretRef: 'session-key'", "value: 'hunter2hunter2'"),
    (APP, "          value: sessionKey", "          value: 'hunter2hunter2'"),
    (APP, "@secure()\n", ""),
    (APP, "output CHATR_URL string = publicUrl", "output KEY string = sessionKey"),
    (APP, "value: storageAccountName", "value: webPubSub.listKeys().primaryConnectionString"),
    (DOCKERFILE, "ENV CHATR_ADDR", "ENV CHATR_HUB_KEY=hunter2 CHATR_ADDR"),
    (UNIT_SETTINGS, "#CHATR_LOG=info", "CHATR_SESSION_KEY=hunter2"),
    ("deploy/azure/chatr.parameters.json", "${CHATR_SESSION_KEY}", "hunter2hunter2"),
)
def no_secrets(files):
    secret = {name for name, is_secret in settings(files).items() if is_secret}
    complaints = []
    for name, entry in template_settings(files).items():
        if name in secret and "secretRef" not in entry:
            complaints.append(f"{APP}: {name} must come from a secret of the app")
    for place, given in ((DOCKERFILE, image_settings(files)), (UNIT_SETTINGS, unit_settings(files))):
        complaints += [f"{place}: {name} does not belong there" for name in sorted(secret & set(given))]
    secure = set()
    for path in bicep_paths(files):
        for name, parameter in bicep(files, path)["parameters"].items():
            if any(decorator["type"] == "secure" for decorator in parameter["decorators"]):
                secure.add(name)
                if parameter["default"] is not None:
                    complaints.append(f"{path}: the secret {name} has a default")
    app = only(resources(files, "Microsoft.App/containerApps"), "app")
    for entry in at(app, "properties.configuration.secrets"):
        if entry["value"] not in secure:
            complaints.append(f"{APP}: {entry['name']} must be a parameter that is @secure")
    for path in bicep_paths(files):
        for line in re.findall(r"^output .*$", files[path], re.M):
            complaints += [f"{path}: an output shows {name}" for name in sorted(secure) if re.search(rf"\b{name}\b", line)]
    for path in (MAIN, APP):
        where = path.replace(".bicep", ".parameters.json")
        for name, given in json.loads(files[where])["parameters"].items():
            if name in secure and not re.fullmatch(r"\$\{\w+\}", given["value"]):
                complaints.append(f"{where}: {name} is written down")
    keys = re.compile(r"\.?listKeys\b|\.?list\w*Secrets\(|primaryKey|secondaryKey|ConnectionString\b|Account[K]ey=|Access[K]ey=", re.I)
    for path in files:
        if path.startswith("deploy/") and not path.startswith("deploy/tools/"):
            complaints += [f"{path}: {match.group()} is a way to a key" for match in keys.finditer(files[path])]
    return complaints


# --- Azure ------------------------------------------------------------------------------------------------------------


@rule(
    "keys open nothing",
    (RESOURCES, "disableLocalAuth: true\n    disableAadAuth", "disableLocalAuth: false\n    disableAadAuth"),
    (RESOURCES, "allowSharedKeyAccess: false", "allowSharedKeyAccess: true"),
    (RESOURCES, "    adminUserEnabled: false\n", ""),
    (RESOURCES, "minimumTlsVersion: 'TLS1_2'", "minimumTlsVersion: 'TLS1_0'"),
    (APP, "allowInsecure: false", "allowInsecure: true"),
    (APP, "anonymousConnectPolicy: 'deny'", "anonymousConnectPolicy: 'allow'"),
)
def keys_open_nothing(files):
    wanted = [
        ("Microsoft.SignalRService/webPubSub", "properties.disableLocalAuth", True),
        ("Microsoft.SignalRService/webPubSub/hubs", "properties.anonymousConnectPolicy", "deny"),
        ("Microsoft.Storage/storageAccounts", "properties.allowSharedKeyAccess", False),
        ("Microsoft.Storage/storageAccounts", "properties.allowBlobPublicAccess", False),
        ("Microsoft.Storage/storageAccounts", "properties.supportsHttpsTrafficOnly", True),
        ("Microsoft.Storage/storageAccounts", "properties.minimumTlsVersion", "TLS1_2"),
        ("Microsoft.ContainerRegistry/registries", "properties.adminUserEnabled", False),
        ("Microsoft.OperationalInsights/workspaces", "properties.features.disableLocalAuth", True),
        ("Microsoft.App/containerApps", "properties.configuration.ingress.allowInsecure", False),
    ]
    return [
        f"{kind}: {path} must be {value}"
        for kind, path, value in wanted
        if at(only(resources(files, kind), kind), path) != value
    ]


@rule(
    "one identity has exactly the roles that it needs, each on the one resource",
    (RESOURCES, "12cf5a90-567b-43ae-8102-96cf46c7d9b4", "b24988ac-6180-42a0-ab88-20f7382dd24c"),
    (RESOURCES, "scope: storage\n", "scope: registry\n"),
    (RESOURCES, "  scope: webPubSub\n  properties: {\n    roleDefinitionId", "  properties: {\n    roleDefinitionId"),
    (RESOURCES, "'Microsoft.Authorization/roleAssignments@2022-04-01' = {\n  name: guid(registry", "'Microsoft.Authorization/locks@2022-04-01' = {\n  name: guid(registry"),
    (APP, "      '${identity.id}': {}", "      '${app.id}': {}"),
)
def roles_are_exact(files):
    tree = bicep(files, RESOURCES)
    variables = {name: variable["value"] for name, variable in tree["variables"].items()}
    kinds = {name: resource["type"] for name, resource in tree["resources"].items()}
    complaints, given = [], []
    for name, config in resources(files, "Microsoft.Authorization/roleAssignments"):
        role = at(config, "properties.roleDefinitionId.function.parameters.resource_name_1")
        role = variables.get(role, role)
        if role not in ROLES:
            complaints.append(f"{name}: {role} is no role that is needed")
            continue
        title, kind = ROLES[role]
        given.append(role)
        if kinds.get(config.get("scope")) != kind:
            complaints.append(f"{name}: {title} belongs on {kind}, not on {config.get('scope', 'the whole group')}")
        if "identity.properties.principalId" not in files[RESOURCES].split(f"resource {name} ")[1].split("\n}\n")[0]:
            complaints.append(f"{name}: not given to the identity")
    complaints += [f"nobody has {ROLES[role][0]}" for role in sorted(set(ROLES) - set(given))]
    for kind in ("Microsoft.App/containerApps", "Microsoft.SignalRService/webPubSub"):
        holder = only(resources(files, kind), kind).get("identity", {})
        if list(holder.get("userAssignedIdentities", {})) != ["'${identity.id}'"] or holder.get("type") != "UserAssigned":
            complaints.append(f"{kind}: must act as the one identity")
    return complaints


@rule(
    "the hub sends every event to the webhook, as the identity",
    (APP, "/api/eventHandler", "/api/eventhandler"),
    (APP, "          'disconnected'\n", ""),
    (APP, "userEventPattern: '*'", "userEventPattern: 'joinChat'"),
    (APP, "type: 'ManagedIdentity'", "type: 'None'"),
    (APP, "value: hubName", "value: 'lobby'"),
)
def hub_calls_the_webhook(files):
    hub = only(resources(files, "Microsoft.SignalRService/webPubSub/hubs"), "hub")
    path = re.search(r'pub const PATH: &str = "([^"]+)"', files["server/src/events.rs"]).group(1)
    wanted = {
        "urlTemplate": "${publicUrl}" + path,
        "userEventPattern": "*",
        "systemEvents": ["connect", "connected", "disconnected"],
        "auth.type": "ManagedIdentity",
    }
    handlers = at(hub, "properties.eventHandlers")
    complaints = [f"the event handler's {key} must be {value}" for key, value in wanted.items() if at(handlers[0], key) != value]
    if len(handlers) != 1:
        complaints.append("one event handler: the first that fits gets an event")
    if template_settings(files)["PUBSUB_HUB"]["value"] != hub["name"]:
        complaints.append("PUBSUB_HUB must be the hub's name")
    if template_settings(files)["CHATR_PUBLIC_URL"]["value"] != "publicUrl":
        complaints.append("Chatr answers to CHATR_PUBLIC_URL only: events must go there")
    return complaints


@rule(
    "probes ask what the server answers, where it listens",
    (APP, "path: '/readyz'", "path: '/ready'"),
    (APP, "type: 'Liveness'", "type: 'Startup'"),
    (APP, "failureThreshold: 10", "failureThreshold: 60"),
    (APP, "var port = 3000", "var port = 8080"),
    (DOCKERFILE, "EXPOSE 3000", "EXPOSE 8080"),
)
def probes_fit(files):
    routes = set(re.findall(r'\.route\("(/\w+)"', files["server/src/web.rs"]))
    probes = {probe["type"]: probe["httpGet"] for probe in container(files)["probes"]}
    # Source: definition ContainerAppProbe of Microsoft.App 2024-03-01.
    most = {"failureThreshold": 10, "periodSeconds": 240, "timeoutSeconds": 240, "initialDelaySeconds": 60}
    complaints = [
        f"{probe['type']}: {name} is {limit} at most"
        for probe in container(files)["probes"]
        for name, limit in most.items()
        if probe.get(name, 1) > limit
    ]
    for kind, path in {"Startup": "/healthz", "Liveness": "/healthz", "Readiness": "/readyz"}.items():
        if at(probes, f"{kind}.path") != path or path not in routes:
            complaints.append(f"{kind}: ask {path}")
    port = str(bicep(files, APP)["variables"]["port"]["value"])
    listens = image_settings(files)["CHATR_ADDR"].rsplit(":", 1)[-1]
    exposed = re.search(r"^EXPOSE (\d+)$", files[DOCKERFILE], re.M).group(1)
    if len({port, listens, exposed}) != 1:
        complaints.append(f"ports differ: {port} in the template, {listens} in CHATR_ADDR, {exposed} exposed")
    app = only(resources(files, "Microsoft.App/containerApps"), "app")
    ports = [at(app, "properties.configuration.ingress.targetPort")] + [probe["port"] for probe in probes.values()]
    if set(ports) != {"port"}:
        complaints.append("the ingress and all probes use the port of the template")
    return complaints


# --- One machine ------------------------------------------------------------------------------------------------------


@rule(
    "whoever stops the program waits for it to say goodbye",
    (UNIT, "TimeoutStopSec=20", "TimeoutStopSec=5"),
    (APP, "terminationGracePeriodSeconds: 30", "terminationGracePeriodSeconds: 5"),
    ("server/src/listen.rs", "drain: Duration::from_secs(10)", "drain: Duration::from_secs(40)"),
)
def stops_wait(files):
    drain = int(re.search(r"drain: Duration::from_secs\((\d+)\)", files["server/src/listen.rs"]).group(1))
    app = only(resources(files, "Microsoft.App/containerApps"), "app")
    waits = {
        UNIT: int(re.search(r"^TimeoutStopSec=(\d+)$", files[UNIT], re.M).group(1)),
        APP: at(app, "properties.template.terminationGracePeriodSeconds"),
    }
    return [f"{path}: waits {wait} s, and the program may take {drain}" for path, wait in waits.items() if wait < drain + 5]


@rule(
    "a proxy is believed only where nothing else reaches the program",
    (UNIT_SETTINGS, "CHATR_ADDR=127.0.0.1:3000", "CHATR_ADDR=0.0.0.0:3000"),
    (UNIT_SETTINGS, "CHATR_TRUST_PROXY=on", "CHATR_TRUST_PROXY=off"),
    (DOCKERFILE, "ENV CHATR_ADDR", "ENV CHATR_TRUST_PROXY=on CHATR_ADDR"),
    (NGINX, "$proxy_add_x_forwarded_for", "$http_x_forwarded_for"),
    (NGINX, "        proxy_set_header X-Forwarded-For", "        #"),
    (NGINX, "server 127.0.0.1:3000", "server 127.0.0.1:8080"),
    (CADDY, "127.0.0.1:3000", "127.0.0.1:8080"),
)
def trust_is_earned(files):
    complaints = []
    given = dict(re.findall(r"^([A-Z_]+)=(.*)$", files[UNIT_SETTINGS], re.M))
    address = given.get("CHATR_ADDR", "")
    if given.get("CHATR_TRUST_PROXY") != "on" or not address.startswith("127.0.0.1:"):
        complaints.append(f"{UNIT_SETTINGS}: behind a proxy on the same machine, listen on 127.0.0.1 and believe it")
    if "CHATR_TRUST_PROXY" in image_settings(files):
        complaints.append(f"{DOCKERFILE}: an image does not know who can reach it")
    for path in (NGINX, CADDY):
        if address not in files[path]:
            complaints.append(f"{path}: Chatr is at {address}")
    if not re.search(r"^\s*proxy_set_header X-Forwarded-For \$proxy_add_x_forwarded_for;", files[NGINX], re.M):
        complaints.append(f"{NGINX}: the last entry of X-Forwarded-For must be the address that nginx saw")
    return complaints


@rule(
    "the image holds what it needs and runs as nobody",
    (DOCKERFILE, "USER 65532:65532", "USER 0"),
    (DOCKERFILE, ":nonroot\n", ":latest\n"),
    (DOCKERFILE, 'ENTRYPOINT ["/app/chatr"]', "ENTRYPOINT /app/chatr"),
    (DOCKERFILE, "/src/target/bundle/ /app/", "/src/target/bundle/ /opt/"),
    (".dockerignore", "!style\n", ""),
    (".dockerignore", "*\n!.cargo", "!.cargo"),
)
def image_is_small(files):
    text = files[DOCKERFILE]
    final = text[text.rindex("\nFROM ") + 1 :]
    complaints = []
    for line in ("USER 65532:65532", 'ENTRYPOINT ["/app/chatr"]', "COPY --from=build /src/target/bundle/ /app/"):
        if line not in final.splitlines():
            complaints.append(f"{DOCKERFILE}: its last stage lacks {line}")
    if not re.match(r"FROM \S+:nonroot\n", final):
        complaints.append(f"{DOCKERFILE}: the last stage starts from an image of nobody's")
    ignored = [line for line in files[".dockerignore"].splitlines() if line and not line.startswith("#")]
    members = ["app", "frontend", "server", "style", "public", "deploy/tools", "Cargo.toml", "Cargo.lock", "Makefile", "LICENSE", ".cargo", "rust-toolchain.toml"]
    if ignored[0] != "*":
        complaints.append(".dockerignore: leave everything out first")
    complaints += [f".dockerignore: the build needs {member}" for member in members if f"!{member}" not in ignored]
    return complaints


# ----------------------------------------------------------------------------------------------------------------------


def judge(function, files):
    try:
        return function(files)
    except Exception as why:  # a file so different that the rule cannot read it breaks the rule
        return [f"{type(why).__name__}: {why}"]


def main():
    files, failed = repository(), 0
    for sentence, function, breaks in RULES:
        complaints = judge(function, files)
        for path, old, new in breaks:
            if old not in files[path]:
                complaints.append(f"templates.py breaks the rule by {old!r}, which {path} no longer says")
            elif not judge(function, {**files, path: files[path].replace(old, new)}):
                complaints.append(f"the rule does not see {new!r} instead of {old!r} in {path}")
        failed += bool(complaints)
        print(f"{'not ok' if complaints else 'ok'} - {sentence} ({len(breaks)} ways to break it are seen)")
        for complaint in complaints:
            print(f"    {complaint}")
    print(f"All {len(RULES)} rules were tried.")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
