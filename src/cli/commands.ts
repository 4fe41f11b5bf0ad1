import type { Command } from "commander";

/** Adds one command with its flags, help and example to the program. */
export type Register = (program: Command) => void;

export interface CommandModule {
  readonly register: Register;
  /** Rewrites the words after the command's name before they are parsed. */
  readonly syntax?: (args: readonly string[]) => readonly string[];
}

export interface CommandEntry {
  /** One line for `ferrolb --help`. */
  readonly summary: string;
  readonly load: () => Promise<CommandModule>;
  /** Runs until it is told to end. */
  readonly isDaemon?: true;
}

/**
 * Every command, loaded only when it is the one asked for: a speaker should not carry the lab in memory.
 * In the order of `ferrolb --help`.
 */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  controller: {
    summary: "give addresses to Services: one per cluster or directory",
    load: () => import("./controller.ts"),
    isDaemon: true,
  },
  speaker: {
    summary: "announce addresses from this node: one per node",
    load: () => import("./speaker.ts"),
    isDaemon: true,
  },
  validate: {
    summary: "check manifests",
    load: () => import("./validate.ts"),
  },
  allocate: {
    summary: "which Service gets which address",
    load: () => import("./allocate.ts"),
  },
  announce: {
    summary: "what a node announces, at L2 and to each BGP peer",
    load: () => import("./announce.ts"),
  },
  render: {
    summary: "frr.conf of a node",
    load: () => import("./render.ts"),
  },
  explain: {
    summary: "why a Service is reachable or not, and what a node's loss would do",
    load: () => import("./explain.ts"),
  },
  doctor: {
    summary: "what keeps addresses from being announced, and the command that mends it",
    load: () => import("./doctor.ts"),
  },
  status: {
    summary: "pools, sessions, Services and members on one screen",
    load: () => import("./status.ts"),
  },
  init: {
    summary: "write a first configuration",
    load: () => import("./init.ts"),
  },
  probe: {
    summary: "ask the network who answers for an address",
    load: () => import("./probe.ts"),
  },
  support: {
    summary: "write a bundle for somebody who helps, secrets masked",
    load: () => import("./support.ts"),
  },
  diff: {
    summary: "what a change does to FRR: commands and effects",
    load: () => import("./diff.ts"),
  },
  lab: {
    summary: "run routers, nodes and a client on this machine, with FerroLB between them",
    load: () => import("./lab.ts"),
  },
  completion: {
    summary: "what makes a shell complete commands, flags and names",
    load: () => import("./completion.ts"),
  },
  admit: {
    summary: "answer an AdmissionReview",
    load: () => import("./admit.ts"),
  },
};
