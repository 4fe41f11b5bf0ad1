/** One JSON object per line on stdout: `ts`, `level`, `msg`, then fields. Messages are constant; secrets are masked. */
import { destination, pino, stdSerializers } from "pino";
import type { DestinationStream, Logger } from "pino";

export type { Logger } from "pino";

/** `--log-level`, as MetalLB names them. */
export const LOG_LEVELS = ["all", "debug", "info", "warn", "error", "none"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

const PINO_LEVEL: Readonly<Record<LogLevel, string>> = {
  all: "trace",
  debug: "debug",
  info: "info",
  warn: "warn",
  error: "error",
  none: "silent",
};

/** Fields that hold secrets, at the depths where our own fields may carry an object of a manifest. */
const SECRET_FIELDS = ["password", "secretkey", "stringData", "data"];
const PATHS = SECRET_FIELDS.flatMap((f) => [f, `*.${f}`, `*.*.${f}`, `*.*.*.${f}`]);

/** Children keep the level they were made with: to change it later, all of one root are remembered. */
const FAMILIES = new WeakMap<Logger, Set<WeakRef<Logger>>>();

/** The root logger; each room gets a child with its name. */
export function createLog(level: LogLevel, stream: DestinationStream = destination(1)): Logger {
  const family = new Set<WeakRef<Logger>>();
  const root = pino(
    {
      onChild: (child) => family.add(new WeakRef(child)),
      level: PINO_LEVEL[level],
      base: null,
      messageKey: "msg",
      timestamp: () => `,"ts":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label === "trace" ? "debug" : label }) },
      serializers: { err: stdSerializers.err },
      redact: { paths: PATHS, censor: "<retracted>" },
    },
    stream,
  );
  FAMILIES.set(root, family);
  return root;
}

/** Changes the level of a root logger and of every child it has, while they are at work. */
export function setLogLevel(root: Logger, level: LogLevel): void {
  root.level = PINO_LEVEL[level];
  const family = FAMILIES.get(root) ?? new Set();
  for (const reference of family) {
    const child = reference.deref();
    if (child === undefined) family.delete(reference);
    else child.level = PINO_LEVEL[level];
  }
}
