/**
 * The rows of the reference page's troubleshooting table, and those about silence, each with the tests that put its
 * fault in: offline on manifests drawn anew, live in the lab, on a cluster. A row without a test, or a test that
 * has another name now, is a failure here.
 */
import { readFile } from "node:fs/promises";
import { expect } from "chai";

type Case = readonly [file: string, title: string];
const offline = (title: string): Case => ["test/explain/faults.test.ts", title];
const live = (title: string): Case => ["test/explain/live.test.ts", title];
const page = (heading: string): Case => ["docs/troubleshooting.md", `## ${heading}`];

const ROWS: Readonly<Record<string, readonly Case[]>> = {
  "S26 a range as argument": [
    ["test/cli/init.test.ts", "microk8s"],
    ["docs/operations.md", "ferrolb init --range"],
  ],
  "S33 a node that is skipped, and failover": [
    offline("explain node --if-down"),
    ["docs/control-plane-nodes.md", "--if-down"],
  ],
  "S34 an address, and silence on some path": [
    live("notHeard, alarmed within ten seconds (S34)"),
    ["test/cli/probe.test.ts", "that the switch keeps from the owner"],
    ["test/l2/wards.test.ts", "within ten seconds"],
    ["test/observability/alerts.test.ts", "FerroLBNotHeard"],
    page("An address, but unreachable: a switch in between"),
  ],
  "S97 stuck in Pending": [
    offline("no pool at all"),
    offline("the pool is exhausted"),
    live("the pool is exhausted (S97)"),
    live("the pool's range is no address (S97)"),
    page("A Service stays Pending: no IPAddressPool"),
    page("A Service stays Pending: the pool is exhausted"),
  ],
  "S98 an address, but unreachable": [
    offline("no advertisement exists"),
    offline("the advertisement covers another pool"),
    live("no L2Advertisement covers the pool (S98)"),
    live("the interface does not exist: noInterface (S98)"),
    page("An address, but unreachable: no advertisement"),
    page("An address, but unreachable: the wrong nodes"),
    page("An address, but unreachable: the wrong interface"),
  ],
  "S99 layer 2 failover takes too long": [
    ["test/takeover/profiles.test.ts", "failover by membership profile (S99)"],
    ["test/membership/profiles.test.ts", "memberlist tuning file"],
    page("Failover at layer 2 takes long"),
  ],
  "S100 the BGP session does not establish": [
    offline("BGP: the peer's address is none"),
    live("the peer is of another AS: wrongAS (S100)"),
    live("nobody has the peer's address: peerUnreachable (S100)"),
    live("the router expects another AS: refusedAS (S100)"),
    live("the router has a password: wrongPassword (S100)"),
    live("nft drops port 179: portFiltered (S100)"),
    page("The BGP session does not come up"),
  ],
  "S101 traffic reaches one node only": [
    offline("oneNodeByDesign"),
    live("what is expected is said to be (S101, S102)"),
    page("Traffic reaches one node only"),
  ],
  "S102 the source is always a node": [
    offline("sourceIsNode"),
    live("what is expected is said to be (S101, S102)"),
    page("The source address is always a node's"),
  ],
  "S103 IPVS without strictARP": [
    live("kube-ipvs0 holds the address and answers ARP: strictARPOff (S103)"),
    ["test/cli/doctor-node.test.ts", "kube-ipvs0 with a Service address"],
    ["test/deploy/kubectl.test.ts", "turns doctor's warning off"],
    page("kube-proxy in IPVS mode answers ARP too"),
  ],
  "S104 a shared address does not work": [
    offline("the sharing keys differ"),
    offline("the ports overlap on a shared address"),
    live("sharing keys differ (S104)"),
    live("ports overlap on a shared address (S104)"),
    page("A shared address does not work"),
  ],
  "S105 routes do not propagate": [
    offline("BGP: the community alias is not there"),
    live("filteredUpstream (S105)"),
    page("Routes do not propagate: communities"),
  ],
  "S106 the speaker crash-loops": [
    ["test/deploy/rights.test.ts", "says which, names the role, and goes on"],
    ["test/cli/doctor-node.test.ts", "when that alone is blocked"],
    live("port 7946 is blocked: memberMissing (S106)"),
    page("The speaker does not run, or restarts"),
  ],
};

describe("every row of the troubleshooting table", () => {
  for (const [row, cases] of Object.entries(ROWS))
    it(`${row}: ${cases.length} places`, async () => {
      for (const [file, title] of cases)
        expect(await readFile(file, "utf8"), `${file}: ${title}`).to.contain(title);
    });
});
