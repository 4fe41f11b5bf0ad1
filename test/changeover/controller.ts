/** The controller of either kind, on the client's place: it needs nothing but the API server. */
import { createWriteStream, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Netns, Running } from "../../src/lab/netns.ts";
import type { Kind } from "./node.ts";

export interface Controller {
  start(kind: Kind): void;
  stop(): Promise<void>;
  readonly log: () => string;
}

export interface ControllerParts {
  readonly space: Netns;
  readonly dir: string;
  readonly kubeconfig: string;
  readonly peers: string;
  readonly ferrolb: readonly string[];
}

export function createController(parts: ControllerParts): Controller {
  let running: Running | null = null;
  const file = join(parts.dir, "log");
  const program = (kind: Kind): readonly string[] =>
    kind === "metallb"
      ? [
          ...[join(parts.peers, "metallb-controller"), "--webhook-mode=disabled"],
          ...["--disable-cert-rotation", "--port", "7473", "--health-probe-port", "17473"],
        ]
      : [
          ...[...parts.ferrolb, "controller", "--webhook-mode=disabled"],
          ...["--state-dir", join(parts.dir, "state"), "--port", "0", "--health-probe-port", "0"],
        ];
  return {
    start(kind) {
      running = parts.space.spawn(
        "env",
        ...[`KUBECONFIG=${parts.kubeconfig}`, "METALLB_BGP_TYPE=frr"],
        ...["METALLB_NAMESPACE=metallb-system", "METALLB_DEPLOYMENT=controller"],
        ...["METALLB_ML_SECRET_NAME=memberlist", "METALLB_POD_NAME=controller-0"],
        ...program(kind),
      );
      const log = createWriteStream(file, { flags: "a" });
      running.stdout.pipe(log);
      running.stderr.pipe(log);
    },
    async stop() {
      running?.kill("SIGTERM");
      await Promise.race([running?.ended, sleep(5000)]);
      running?.kill("SIGKILL");
      await running?.ended;
      running = null;
    },
    log: () => readFileSync(file, "utf8"),
  };
}
