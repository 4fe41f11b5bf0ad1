/** `ferrolb speaker`: flags and wiring of one node's speaker. */
import { readFileSync } from "node:fs";
import { InvalidArgumentError, Option } from "commander";
import { frrLogLevel } from "../bgp/log-level.ts";
import type { ExcludePolicy } from "../api/exclude-policy.ts";
import { AppError } from "../errors.ts";
import { startFrrEngine } from "../frr/engine.ts";
import { vtyTo } from "../frr/vty.ts";
import { sessionProbe } from "../frr/session-probe.ts";
import { startAnnouncer } from "../l2/announcer.ts";
import { parseExcludes } from "../l2/excludes.ts";
import type { NameTest } from "../l2/interfaces.ts";
import { codeOf } from "../manifests/atomic-write.ts";
import type { SpeakerMembershipPort } from "../reconciler/speaker-ports.ts";
import { runSpeaker } from "../reconciler/speaker.ts";
import { systemClock } from "../runtime/clock.ts";
import type { Register } from "./commands.ts";
import { conflictBook } from "./conflict-book.ts";
import { runDaemon } from "./daemon.ts";
import { addDaemonOptions, addIgnoredOption, booleanFlag, goSyntax } from "./daemon-flags.ts";
import type { DaemonFlags } from "./daemon-flags.ts";
import { logFrrEvent, logL2Event } from "./speaker-events.ts";
import { speakerMeter } from "./speaker-meter.ts";
import { addMembershipOptions, openMembership } from "./speaker-membership.ts";
import type { MembershipFlags } from "./speaker-membership.ts";
import { stateFilesIn } from "./state-files.ts";

interface SpeakerFlags extends DaemonFlags, MembershipFlags {
  readonly nodeName?: string;
  readonly frrConfig: string;
  readonly vtysh: string;
  readonly vtyDir: string;
  readonly allocate: boolean;
  readonly ignoreExcludeLb: boolean;
  readonly excludeLbPolicy: ExcludePolicy;
  readonly excludeInterfaces: string;
}

const BOOLEANS = ["allocate", "ignore-exclude-lb", "ml-wan-config"];
export const syntax = goSyntax(...BOOLEANS);

const EXAMPLE = `
Example:
  $ ferrolb speaker --node-name worker-1 --manifests /etc/ferrolb/manifests`;

function parseDebounce(text: string): string {
  if (!/^[1-9]\d*$/.test(text)) throw new InvalidArgumentError("not a positive integer.");
  return text;
}

export const register: Register = (program) => {
  const command = program
    .command("speaker")
    .description("Announces addresses from one node: BGP through its FRR, ARP and NDP by itself.")
    .addHelpText("after", EXAMPLE);
  addMembershipOptions(addDaemonOptions(command))
    .addOption(
      new Option("--node-name <name>", "name of this node's Node object").env("METALLB_NODE_NAME"),
    )
    .option("--frr-config <file>", "where frr.conf is written", "/etc/frr/frr.conf")
    .option("--vtysh <path>", "vtysh of the FRR that runs here", "vtysh")
    .option("--vty-dir <dir>", "directory of FRR's sockets", "/var/run/frr")
    .addOption(booleanFlag("allocate", "compute the addresses here: there is no controller"))
    .addOption(booleanFlag("ignore-exclude-lb", "announce from nodes labelled as excluded"))
    .addOption(
      new Option("--exclude-lb-policy <policy>", "what to do about that label")
        .choices(["honour", "ignore", "auto"])
        .default("honour"),
    )
    .option(
      "--exclude-interfaces <file>",
      "list of interfaces that never answer; none when it is missing",
      "/etc/metallb/excludel2.yaml",
    );
  addIgnoredOption(command, "--host <address>", "MetalLB ignores it too");
  addIgnoredOption(command, "--frrk8s-namespace <name>", "there is one FRR per speaker");
  command.addOption(
    new Option("--bgp-debounce-timeout <ms>", "taken for compatibility: changes are not held back")
      .env("METALLB_BGP_DEBOUNCE_TIMEOUT")
      .argParser(parseDebounce),
  );
  command.action((flags: SpeakerFlags) => startSpeaker(flags));
};

async function startSpeaker(flags: SpeakerFlags): Promise<void> {
  const node = flags.nodeName;
  if (!node)
    throw new AppError("ERR_USAGE", "name this node with --node-name or METALLB_NODE_NAME");
  const excludes = await excludesIn(flags.excludeInterfaces);
  const frrLevel = frrLogLevel(flags.logLevel, process.env["FRR_LOGGING_LEVEL"]);
  if (frrLevel === null) throw new AppError("ERR_USAGE", "FRR_LOGGING_LEVEL is no level of FRR");
  await runDaemon(
    flags,
    {
      instance: node,
      component: "speaker",
      writesStatus: false,
      healthHost: "127.0.0.1",
      podLabels: flags.mlLabels,
    },
    async (daemon) => {
      const { log, store, signal } = daemon;
      let membership: SpeakerMembershipPort | null = null;
      const vtyOf = (name: "bgpd" | "bfdd") => vtyTo(name, flags.vtyDir);
      const vtys = { follow: vtyOf("bgpd"), bgpd: vtyOf("bgpd"), bfdd: vtyOf("bfdd") };
      const meter = speakerMeter(
        daemon,
        node,
        vtys,
        () => membership,
        () => announcer.notHeard().length,
      );
      const tellFrr = logFrrEvent(log.child({ room: "frr" }));
      const frr = startFrrEngine({
        vtysh: flags.vtysh,
        vtyDir: flags.vtyDir,
        confFile: flags.frrConfig,
        clock: systemClock,
        onEvent(event) {
          meter.frr(event);
          tellFrr(event);
        },
      });
      const conflicts = conflictBook(systemClock);
      const tellL2Event = logL2Event(log.child({ room: "layer2" }), store, node);
      const probe = sessionProbe(systemClock);
      const announcer = startAnnouncer({
        node,
        clock: systemClock,
        excludes,
        metrics: meter.l2,
        onEvent(event) {
          conflicts.note(event);
          tellL2Event(event);
          if (event.kind === "duel") membership?.lookAround?.(); // it lives: the ring ought to know it
        },
        mayAnswer: () => membership?.mayAnswer?.() ?? true,
      });
      const state = stateFilesIn(flags.stateDir);
      membership = await openMembership(flags, { node, log, store, state, announcer });
      try {
        await runSpeaker(
          {
            store,
            frr,
            announcer,
            membership,
            clock: systemClock,
            log: log.child({ room: "speaker" }),
            state,
            sessionProbe: probe,
            conflicts: () => conflicts.list(),
            ...meter.ports,
          },
          {
            node,
            lbClass: flags.lbClass,
            excludePolicy: flags.ignoreExcludeLb ? "ignore" : flags.excludeLbPolicy,
            allocate: flags.allocate,
            frrLogLevel: frrLevel,
          },
          signal,
        );
      } finally {
        probe.close();
        await announcer.close();
        await frr.close();
        meter.close();
      }
    },
  );
}

/** A missing file excludes nothing. @throws AppError `ERR_UNREADABLE_INPUT` for a bad one */
async function excludesIn(file: string): Promise<readonly NameTest[]> {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return [];
    throw new AppError("ERR_UNREADABLE_INPUT", `cannot read ${file}`, { cause });
  }
  return parseExcludes(text);
}
