/** One node with a session of each kind up, for tests that then do something to it. */
import type { Model } from "./frr-model.ts";

const plain = {
  remoteAs: "64501",
  localAs: false,
  timers: "30 90",
  connect: 1,
  password: null,
  source: false,
  multihop: false,
  gracefulRestart: false,
  bfd: "none",
  port: null,
  dual: false,
} as const;

const treatment = { localPref: null, communities: ["64500:7"], large: [] };

export const BASE: Model = {
  real: false,
  log: "informational",
  debug: false,
  routerId: "10.1.1.3",
  profiles: { FAST: { "detect-multiplier": 5, "transmit-interval": 100 } },
  peers: {
    v4: plain,
    v6: plain,
    ibgp: { ...plain, remoteAs: "64500" },
    unnumbered: { ...plain, remoteAs: "external" },
  },
  networks: {
    "203.0.113.100/32": { v4: treatment, ibgp: treatment, unnumbered: treatment },
    "203.0.113.101/32": { v4: treatment, ibgp: treatment, unnumbered: treatment },
    "2001:db8:10::9/128": { v6: treatment, unnumbered: treatment },
  },
  extra: null,
};
