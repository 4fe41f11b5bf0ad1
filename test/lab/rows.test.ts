import { expect } from "chai";
import { parseAnswer } from "../../src/lab/backend.ts";
import { parseRoutes } from "../../src/lab/look.ts";
import { nextHopsFor, rowsFor } from "../../src/lab/rows.ts";
import { parseIp } from "../../src/net/ip.ts";

describe("what the lab sees, read", () => {
  it("routes of the kernel, with one next hop and with several", () =>
    expect([
      ...parseRoutes(
        JSON.stringify([
          { dst: "203.0.113.10", gateway: "198.51.100.12" },
          { dst: "203.0.113.0/24", nexthops: [{ gateway: "b" }, { gateway: "a" }] },
          { dst: "2001:db8::1", gateway: "fe80::1" },
        ]),
      ),
    ]).to.deep.equal([
      ["203.0.113.10/32", ["198.51.100.12"]],
      ["203.0.113.0/24", ["a", "b"]],
      ["2001:db8::1/128", ["fe80::1"]],
    ]));

  it("no routes at all", () => expect([...parseRoutes("")]).to.deep.equal([]));

  const answers: [text: string, then: object | null][] = [
    ["n1 192.0.2.10\n", { backend: "n1", client: "192.0.2.10" }],
    ["", null],
    ["<html>not ours</html>\n", null],
  ];
  for (const [text, then] of answers)
    it(`an answer ${JSON.stringify(text)}`, () => expect(parseAnswer(text)).to.deep.equal(then));

  it("the longest prefix that holds an address decides", () => {
    const routes = new Map([
      ["203.0.113.0/24", ["n1"]],
      ["203.0.113.10/32", ["n2"]],
    ]);
    expect(nextHopsFor(routes, parseIp("203.0.113.10"))).to.deep.equal(["n2"]);
    expect(nextHopsFor(routes, parseIp("203.0.113.11"))).to.deep.equal(["n1"]);
    expect(nextHopsFor(routes, parseIp("192.0.2.1"))).to.equal(undefined);
  });
});

describe("the lab's table", () => {
  const service = (name: string, ips: readonly string[]) => ({
    apiVersion: "v1",
    kind: "Service" as const,
    metadata: { namespace: "default", name, annotations: { "metallb.io/ip-allocated-from-pool": "p" } }, // prettier-ignore
    spec: { type: "LoadBalancer" },
    status: { loadBalancer: { ingress: ips.map((ip) => ({ ip })) } },
  });
  const names = new Map([
    ["198.51.100.11", "n1"],
    ["198.51.100.12", "n2"],
  ]);
  const rows = rowsFor(
    [service("b", ["203.0.113.1"]), service("a", []), service("c", ["198.51.100.200"])],
    {
      routes: {
        r1: new Map([["203.0.113.1/32", ["198.51.100.11", "198.51.100.12"]]]),
        r2: new Map(),
      },
      arp: new Map([["198.51.100.200", ["198.51.100.12"]]]),
      answers: new Map([
        ["203.0.113.1", { backend: "n2", client: "198.51.100.11" }],
        ["198.51.100.200", null],
      ]),
    },
    (id) => names.get(id) ?? id,
  );
  const cases: (readonly string[])[] = [
    ["default/a", "pending", "-", "-", "-", "-", "-", "-"],
    ["default/b", "203.0.113.1", "p", "BGP n1 n2", "n1 n2", "-", "-", "yes, n2"],
    ["default/c", "198.51.100.200", "p", "L2 n2", "-", "-", "n2", "no"],
  ];
  cases.forEach((row, i) => it(row[0]!, () => expect(rows[i]).to.deep.equal(row)));
});
