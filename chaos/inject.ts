/** Faults made and healed. Each has a way back that works however far it came. */
import { execa } from "execa";
import type { Daemon } from "../src/lab/daemon.ts";
import type { Lab } from "../src/lab/lab.ts";
import { NODES } from "../src/lab/plan.ts";
import type { NodeName, RouterName } from "../src/lab/plan.ts";
import { cutLink, mendLink } from "../src/lab/topology.ts";
import { turns } from "../src/runtime/turns.ts";
import { fillDisks } from "./disks.ts";
import type { Disks } from "./disks.ts";
import type { Ground, Heal } from "./ground.ts";
import type { Fault } from "./schedule.ts";
import { wireFaults } from "./wire-faults.ts";
import { nodeManifest } from "./world.ts";
import type { Mark } from "./world.ts";

export interface Stage {
  readonly lab: Lab;
  readonly ground: Ground;
  readonly controllers: readonly Daemon[];
  readonly disks: Disks;
}

export interface Injector {
  /** @throws when the machine refuses; nothing is left then */
  inject(fault: Fault): Promise<Heal>;
}

type Frr = Lab["routers"][RouterName];

const signal = (pid: number | null | undefined, name: NodeJS.Signals): void => {
  if (pid == null || pid === 0) return;
  try {
    process.kill(pid, name);
  } catch {
    // it ended meanwhile
  }
};

export function injectorFor({ lab, ground, controllers, disks }: Stage): Injector {
  const wire = wireFaults(lab);
  const marks = new Map<NodeName, Set<Mark>>(NODES.map((n) => [n, new Set()]));

  const down = async (what: Daemon, how: "SIGKILL" | "SIGTERM"): Promise<Heal> => {
    await what.stop(how);
    return () => {
      what.start();
      return Promise.resolve();
    };
  };
  const paused = (pid: number | null | undefined): Promise<Heal> => {
    signal(pid, "SIGSTOP");
    return Promise.resolve(() => {
      signal(pid, "SIGCONT");
      return Promise.resolve();
    });
  };
  /** Whoever starts the daemons of an FRR must not have them killed, or started, by another fault meanwhile. */
  const inTurn = turns<Frr>();
  const daemonDown = async (frr: Frr, daemon: "bgpd" | "zebra" | "bfdd"): Promise<Heal> => {
    await inTurn(frr, () => frr.kill(daemon));
    return () => inTurn(frr, async () => (frr.pids().has(daemon) ? undefined : frr.start(daemon)));
  };

  const marked = async (node: NodeName, mark: Mark): Promise<Heal> => {
    const own = marks.get(node) ?? new Set();
    const write = (): Promise<void> => ground.put(`node-${node}`, [nodeManifest(node, own)]);
    own.add(mark);
    await write();
    return () => {
      own.delete(mark);
      return write();
    };
  };

  const hogging = (): Promise<Heal> => {
    const hogs = [1, 2].map(() =>
      execa("sh", ["-c", "while :; do :; done"], { reject: false, stdio: "ignore" }),
    );
    return Promise.resolve(async () => {
      for (const hog of hogs) hog.kill("SIGKILL");
      await Promise.all(hogs);
    });
  };

  return {
    inject(fault) {
      const node = fault.target as NodeName; // where the kind hits a node: the schedule saw to it
      const own = lab.nodes[node];
      const controller = controllers[fault.dice % controllers.length] ?? lab.controller;
      switch (fault.kind) {
        case "speaker-kill":
          return down(own.speaker, "SIGKILL");
        case "speaker-term":
          return down(own.speaker, "SIGTERM");
        case "speaker-pause":
          return paused(own.speaker.pid());
        case "controller-kill":
          return down(controller, "SIGKILL");
        case "controller-term":
          return down(controller, "SIGTERM");
        case "controller-pause":
          return paused(controller.pid());
        case "bgpd-kill":
          return daemonDown(own.frr, "bgpd");
        case "bgpd-pause":
          return paused(own.frr.pids().get("bgpd"));
        case "zebra-kill":
          return daemonDown(own.frr, "zebra");
        case "bfdd-kill":
          return daemonDown(own.frr, "bfdd");
        case "bfdd-pause":
          return paused(own.frr.pids().get("bfdd"));
        case "frr-restart":
          return inTurn(own.frr, () => own.frr.restart()).then(() => () => Promise.resolve());
        case "link-cut":
          return cutLink(lab.places, node, "lan").then(
            () => () => mendLink(lab.places, node, "lan"),
          );
        case "node-apart":
          return wire.betweenNodes(fault.id, node, "drop");
        case "gossip-cut":
          return wire.betweenNodes(fault.id, node, "udp dport 7946 drop", "tcp dport 7946 drop");
        case "packet-loss":
          return wire.bothWays(fault.id, node, "numgen random mod 100 < 30 drop");
        case "packet-delay":
          return wire.late(node);
        case "packet-twice":
          return wire.twice(fault.id, node);
        case "rate-limit":
          return wire.bothWays(fault.id, node, "limit rate over 60/second drop");
        case "disk-full":
          return fillDisks(disks[node]);
        case "label-exclude":
          return marked(node, "excluded");
        case "network-unavailable":
          return marked(node, "unavailable");
        case "router-bgpd-kill":
          return daemonDown(lab.routers[fault.target as RouterName], "bgpd");
        case "cpu-hog":
          return hogging();
        case "manifest-garbage":
        case "manifest-truncated":
        case "object-refused":
        case "object-broken":
        case "bgp-advertisement-gone":
        case "l2-advertisement-gone":
        case "rbac-speaker":
        case "rbac-controller":
        case "apiserver-kill":
        case "apiserver-pause":
        case "watch-cut":
          return ground.inject(fault);
      }
    },
  };
}
