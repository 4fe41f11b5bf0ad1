/** Random small worlds of pools and Services, crowded enough that they get in each other's way. */
import fc from "fast-check";
import type { Service } from "../../src/api/objects.ts";
import type { Pool } from "../../src/config/config.ts";
import { DUAL, V4, V6, allocation, pool, service } from "./support.ts";
import type { Ask } from "./support.ts";

/** Blocks that do not overlap; each goes to one pool or to none. */
const BLOCKS = [
  "192.0.2.0/30",
  "192.0.2.254-192.0.3.1",
  "198.51.100.4/32",
  "203.0.113.0/31",
  "2001:db8::/127",
  "2001:db8::10-2001:db8::12",
  "2001:db8:1::/64",
];
const RESERVED = ["192.0.2.1/32", "203.0.113.0/32", "2001:db8::11/128"];
const NAMES = ["p", "q", "r", "s"];
const REQUESTS = [
  "192.0.2.0",
  "192.0.2.2",
  "192.0.2.255",
  "203.0.113.1",
  "2001:db8::1",
  "192.0.9.9",
  "nonsense",
];

const allocations = fc.option(
  fc.record({
    priority: fc.constantFrom(0, 1, 2),
    namespaces: fc.constantFrom([], ["one"], ["one", "two"]),
    serviceSelectors: fc.constantFrom([], [{ matchLabels: { app: "web" } }]),
  }),
  { nil: null },
);

export const pools: fc.Arbitrary<Pool[]> = fc
  .record({
    owners: fc.array(fc.nat(NAMES.length), { minLength: BLOCKS.length, maxLength: BLOCKS.length }),
    flags: fc.array(
      fc.record({
        autoAssign: fc.boolean(),
        avoidBuggyIPs: fc.boolean(),
        draining: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
        reserved: fc.subarray(RESERVED).map((texts) => pool("r", texts).cidrs),
        serviceAllocation: allocations.map((a) =>
          a === null ? null : allocation({ ...a, namespacesRestricted: a.namespaces.length > 0 }),
        ),
      }),
      { minLength: NAMES.length, maxLength: NAMES.length },
    ),
  })
  .map(({ owners, flags }) =>
    NAMES.flatMap((name, i) => {
      const blocks = BLOCKS.filter((_, b) => owners[b] === i);
      return blocks.length === 0 ? [] : [pool(name, blocks, flags[i])];
    }),
  );

/** `sharing` false: no Service has a sharing key. */
export const asks = (sharing = true): fc.Arbitrary<Ask> =>
  fc
    .record({
      namespace: fc.constantFrom("one", "two"),
      created: fc.constantFrom("2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z"),
      labels: fc.constantFrom({}, { app: "web" }),
      type: fc.constantFrom(
        "LoadBalancer",
        "LoadBalancer",
        "LoadBalancer",
        "LoadBalancer",
        "NodePort",
      ),
      clusterIPs: fc.constantFrom(V4, V4, V6, DUAL, DUAL),
      policy: fc.constantFrom("SingleStack", "PreferDualStack", "RequireDualStack"),
      families: fc.constantFrom(["IPv4", "IPv6"], ["IPv6", "IPv4"]),
      ports: fc.constantFrom([80], [443], [80, 443], ["UDP/80"]),
      traffic: fc.constantFrom("Cluster", "Local"),
      selector: fc.constantFrom({}, { app: "a" }, { app: "b" }),
      request: fc.option(fc.constantFrom(...REQUESTS), { nil: "", freq: 4 }),
      pool: fc.option(fc.constantFrom(...NAMES, "none"), { nil: "", freq: 4 }),
      key: sharing ? fc.constantFrom("", "k", "k", "other") : fc.constant(""),
    })
    .map(({ pool: name, key, ...ask }) => ({
      ...ask,
      annotations: {
        ...(name === "" ? {} : { "metallb.io/address-pool": name }),
        ...(key === "" ? {} : { "metallb.io/allow-shared-ip": key }),
      },
    }));

/** What a status may hold that nobody of us has written. */
const statuses = fc.subarray(
  ["192.0.2.0", "192.0.2.2", "198.51.100.4", "2001:db8::1", "2001:db8::10", "10.0.0.1", "bad"],
  { maxLength: 3 },
);

export const services = (given: {
  readonly sharing?: boolean;
  readonly held?: boolean;
}): fc.Arbitrary<Service[]> =>
  fc
    .array(fc.record({ ask: asks(given.sharing), ips: statuses, holds: fc.boolean() }), {
      minLength: 1,
      maxLength: 12,
    })
    .map((list) =>
      list.map(({ ask, ips, holds }, i) =>
        service(`s${i}`, given.held === true && holds ? { ...ask, ips } : ask),
      ),
    );
