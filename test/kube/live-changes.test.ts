/** What changes at a real API server while a speaker runs, seen in the frr.conf that it wants and the addresses it answers for. */
import { expect } from "chai";
import type { Desired } from "../../src/api/frr-desired.ts";
import type { Store } from "../../src/api/store.ts";
import { loadKubeConfig } from "../../src/kube/access.ts";
import { kubeClient } from "../../src/kube/client.ts";
import { openClusterStore } from "../../src/kube/cluster-store.ts";
import type { ListName } from "../../src/kube/resources.ts";
import { RESOURCES } from "../../src/kube/resources.ts";
import { runSpeaker } from "../../src/reconciler/speaker.ts";
import type { SpeakerOptions } from "../../src/reconciler/speaker-ports.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { NAMESPACE, post } from "../support/crds.ts";
import type { Kube } from "../support/kube.ts";
import { kubeFor } from "../support/kube-test.ts";
import { METALLB } from "../support/metallb.ts";
import { eventually } from "../support/wait.ts";

const LIMIT_MS = 30_000;
const NODE = "/api/v1/nodes/n1";
const SECRETS = `/api/v1/namespaces/${NAMESPACE}/secrets`;
const SERVICES = "/api/v1/namespaces/default/services";
const EXCLUDE = "node.kubernetes.io/exclude-from-external-load-balancers";
const [WEB, CLASSED] = ["203.0.113.1", "203.0.113.2"];
const CLASS = "example.com/ours";

/** A speaker whose FRR and wire remember what they were told last. */
function speaking(kube: Kube, options: Partial<SpeakerOptions> = {}) {
  const lists = (Object.keys(RESOURCES) as ListName[]).filter((list) => list !== "pods");
  const logged: string[] = [];
  const write = (fields: object, message: string): void => {
    logged.push(`${message} ${JSON.stringify(fields)}`);
  };
  const log = { debug: write, info: write, warn: write, error: write };
  const store: Store = openClusterStore({
    ...{ client: kubeClient(loadKubeConfig(kube.kubeconfig)), namespace: NAMESPACE, lists },
    ...{ pod: null, instance: "n1", clock: systemClock, random: Math.random, log },
  });
  const told = { text: "", addresses: [] as readonly string[] };
  const stop = new AbortController();
  const nothing = (): void => undefined;
  const ended = runSpeaker(
    {
      ...{ store, log, clock: systemClock, state: null },
      frr: {
        apply({ text }: Desired) {
          told.text = text;
          return Promise.resolve({ kind: "applied", commands: 1, durationMs: 1 } as const);
        },
        sent: () => Promise.resolve(new Map()),
        onDrift: () => nothing,
        close: () => Promise.resolve(),
      },
      announcer: {
        announce: (addresses) => void (told.addresses = [...addresses.keys()]),
        interfaces: () => ["eth0"],
        onChange: () => nothing,
        close: () => Promise.resolve(),
      },
      membership: { alive: () => null, onChange: () => nothing, leave: () => Promise.resolve() },
    },
    {
      ...{ node: "n1", lbClass: "", excludePolicy: "honour", allocate: false },
      ...{ frrLogLevel: "informational", ...options },
    },
    stop.signal,
  );
  return {
    logged: () => logged.join("\n"),
    frr: () => told.text,
    /** Announces an address, or not, by both protocols. */
    announces: (ip: string, wanted: boolean) =>
      eventually(`${ip} ${wanted ? "" : "not "}announced`, () => told.text.includes(`network ${ip}/32`) === wanted && told.addresses.includes(ip) === wanted, LIMIT_MS), // prettier-ignore
    has: (line: string, wanted = true) =>
      eventually(`${wanted ? "" : "no "}${line}`, () => told.text.includes(line) === wanted, LIMIT_MS), // prettier-ignore
    async end() {
      stop.abort();
      await ended;
      await store.close();
    },
  };
}

describe("changes at the API server, in what a speaker does", function () {
  this.timeout(180_000);
  let kube: Kube;
  let speaker: ReturnType<typeof speaking>;

  const patch = async (path: string, body: object): Promise<void> => {
    const { status, body: answer } = await kube.request("PATCH", path, body, {
      "content-type": "application/merge-patch+json",
    });
    expect(status, JSON.stringify(answer)).to.be.lessThan(300);
  };
  const metallb = (kind: string, plural: string, name: string, spec: object, version = "v1beta1") =>
    post(kube, `${METALLB.replace("v1beta1", version)}/${plural}`, {
      ...{ apiVersion: `metallb.io/${version}`, kind, metadata: { name }, spec },
    });
  const service = async (name: string, ip: string, spec: object): Promise<void> => {
    await post(kube, "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices", {
      ...{ apiVersion: "discovery.k8s.io/v1", kind: "EndpointSlice", addressType: "IPv4" },
      metadata: { name, labels: { "kubernetes.io/service-name": name } },
      endpoints: [{ addresses: ["192.0.2.9"], nodeName: "n1", conditions: { ready: true } }],
      ports: [],
    });
    await post(kube, SERVICES, {
      ...{ apiVersion: "v1", kind: "Service", metadata: { name } },
      spec: { ports: [{ port: 80 }], ...spec },
    });
    await holds(name, ip);
  };
  /** The controller's part. */
  const holds = async (name: string, ip: string): Promise<void> => {
    const { body } = await kube.request("GET", `${SERVICES}/${name}`);
    if ((body as { spec: { type: string } }).spec.type !== "LoadBalancer") return;
    await patch(`${SERVICES}/${name}/status`, { status: { loadBalancer: { ingress: [{ ip }] } } });
  };
  const secretIs = (password: string) => ({
    ...{ apiVersion: "v1", kind: "Secret", metadata: { name: "bgp" } },
    ...{ type: "kubernetes.io/basic-auth", stringData: { username: "", password } },
  });

  before(async function () {
    kube = await kubeFor(this);
    await post(kube, "/api/v1/nodes", {
      ...{ apiVersion: "v1", kind: "Node", metadata: { name: "n1", labels: { rack: "a" } } },
    });
    await metallb("IPAddressPool", "ipaddresspools", "pool", { addresses: ["203.0.113.0/24"] });
    await metallb("L2Advertisement", "l2advertisements", "l2", {});
    await metallb("BGPAdvertisement", "bgpadvertisements", "bgp", {});
    await post(kube, SECRETS, secretIs("first-word"));
    const peer = { myASN: 64500, peerASN: 64501, peerAddress: "192.0.2.1" };
    const ofRackA = [{ matchLabels: { rack: "a" } }];
    const passwordSecret = { name: "bgp" };
    await metallb("BGPPeer", "bgppeers", "guarded", { ...peer, passwordSecret }, "v1beta2");
    await metallb("BGPPeer", "bgppeers", "rack-a", { ...peer, peerAddress: "192.0.2.2", nodeSelectors: ofRackA }, "v1beta2"); // prettier-ignore
    await service("web", WEB, { type: "LoadBalancer" });
    speaker = speaking(kube);
    await speaker.announces(WEB, true);
  });
  after(async () => {
    await (speaker as typeof speaker | undefined)?.end();
    await (kube as Kube | undefined)?.stop();
  });

  it("a password that is rotated in its Secret; one that is gone leaves the last; one that comes again", async () => {
    await speaker.has("password first-word");
    await patch(`${SECRETS}/bgp`, { stringData: { password: "second-word" } });
    await speaker.has("password second-word");
    expect(speaker.frr()).not.to.contain("first-word");
    await kube.request("DELETE", `${SECRETS}/bgp`);
    await eventually(
      "it is said",
      () => /configuration problem .*guarded/.test(speaker.logged()),
      LIMIT_MS,
    );
    expect(speaker.frr()).to.contain("password second-word");
    await post(kube, SECRETS, secretIs("third-word"));
    await speaker.has("password third-word");
    expect(speaker.logged()).not.to.match(/(?:first|second|third)-word/);
  });

  it("labels of the node: a peer's selector follows them, and no other session goes", async () => {
    await speaker.has("neighbor 192.0.2.2 remote-as");
    await patch(NODE, { metadata: { labels: { rack: "b" } } });
    await speaker.has("neighbor 192.0.2.2 remote-as", false);
    expect(speaker.frr()).to.contain("neighbor 192.0.2.1 remote-as");
    await patch(NODE, { metadata: { labels: { rack: "a" } } });
    await speaker.has("neighbor 192.0.2.2 remote-as");
  });

  it("the condition NetworkUnavailable: nothing is announced while it is True", async () => {
    const condition = (status: string) =>
      patch(`${NODE}/status`, {
        status: { conditions: [{ type: "NetworkUnavailable", status, reason: "t", message: "t" }] },
      });
    await condition("True");
    await speaker.announces(WEB, false);
    await condition("False");
    await speaker.announces(WEB, true);
  });

  it("the exclude label: as kubectl sets it and takes it away", async () => {
    await patch(NODE, { metadata: { labels: { [EXCLUDE]: "" } } });
    await speaker.announces(WEB, false);
    await patch(NODE, { metadata: { labels: { [EXCLUDE]: null } } });
    await speaker.announces(WEB, true);
  });

  it("loadBalancerClass: each speaker has its own, also of a Service that becomes one of the other", async () => {
    const classed = speaking(kube, { lbClass: CLASS });
    try {
      await service("classed", CLASSED, { type: "LoadBalancer", loadBalancerClass: CLASS });
      await classed.announces(CLASSED, true);
      await classed.announces(WEB, false);
      await speaker.announces(WEB, true);
      await speaker.announces(CLASSED, false);
      // The API server lets it change with the type alone.
      await patch(`${SERVICES}/classed`, { spec: { type: "ClusterIP", loadBalancerClass: null } });
      await classed.announces(CLASSED, false);
      await patch(`${SERVICES}/classed`, { spec: { type: "LoadBalancer" } });
      await holds("classed", CLASSED);
      await speaker.announces(CLASSED, true);
      await classed.announces(CLASSED, false);
      await patch(`${SERVICES}/classed`, { spec: { type: "ClusterIP" } });
      await patch(`${SERVICES}/classed`, {
        spec: { type: "LoadBalancer", loadBalancerClass: CLASS },
      });
      await holds("classed", CLASSED);
      await classed.announces(CLASSED, true);
      await speaker.announces(CLASSED, false);
    } finally {
      await classed.end();
    }
  });
});
