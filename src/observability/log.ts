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

/** The root logger; each room gets a child with its name. */
export function createLog(level: LogLevel, stream: DestinationStream = destination(1)): Logger {
  return pino(
    {
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
}
